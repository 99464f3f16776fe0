using System.CommandLine;
using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Core.Weights.Published;
using ResNet.Training.Checkpoints;
using ResNet.Training.Classification;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Data.Packs;
using ResNet.Training.Evaluation;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.LearningRates;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.Recipes;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;

namespace ResNet.Cli.Options;

/// <summary>The table of the options and arguments that set properties, or parameters of methods, of the libraries.</summary>
internal static class OptionTable
{
    private static readonly string[] s_optimizers = [nameof(Sgd), nameof(AdamW), nameof(Lamb)];

    private static readonly string[] s_schedules =
        [nameof(ConstantSchedule), nameof(CosineSchedule), nameof(OneCycleSchedule), nameof(PolynomialSchedule), nameof(StepSchedule)];

    /// <summary>All rows. A property with different names in different commands has several rows.</summary>
    internal static IReadOnlyList<(string Owner, string Property, string Option)> Rows { get; } =
    [
        // Choices by name.
        (nameof(ResNets), "name", "--network"),
        (nameof(ResNets), "name", "NETWORK"),
        (nameof(PretrainedWeights), "network", "--network"),
        (nameof(KnownDataset), "name", "NAME"),
        (nameof(TrainingRecipes), "name", "--recipe"),

        // Networks.
        (nameof(ResNetOptions), nameof(ResNetOptions.Classes), "--classes"),
        (nameof(ResNetOptions), nameof(ResNetOptions.InputChannels), "--channels"),
        (nameof(ResNetOptions), nameof(ResNetOptions.Device), "--device"),
        (nameof(ResNetModel), "images", "--batch-size"),

        // Training.
        (nameof(TrainerOptions), nameof(TrainerOptions.Epochs), "--epochs"),
        (nameof(TrainerOptions), nameof(TrainerOptions.Steps), "--steps"),
        (nameof(TrainerOptions), nameof(TrainerOptions.LabelSmoothing), "--label-smoothing"),
        (nameof(TrainerOptions), nameof(TrainerOptions.ClassWeights), "--class-weights"),
        (nameof(TrainerOptions), nameof(TrainerOptions.FocalGamma), "--focal-loss"),
        (nameof(TrainerOptions), nameof(TrainerOptions.AccumulateBatches), "--accumulate"),
        (nameof(TrainerOptions), nameof(TrainerOptions.ClipNorm), "--clip-norm"),
        (nameof(TrainerOptions), nameof(TrainerOptions.Precision), "--precision"),
        (nameof(TrainerOptions), nameof(TrainerOptions.Engine), "--engine"),
        (nameof(TrainerOptions), nameof(TrainerOptions.EvaluateEvery), "--evaluate-every"),
        (nameof(TrainerOptions), nameof(TrainerOptions.OnNonFiniteLoss), "--on-nonfinite"),
        (nameof(TrainerOptions), nameof(TrainerOptions.EarlyStopping), "--early-stopping"),
        (nameof(EarlyStopping), nameof(EarlyStopping.Patience), "--early-stopping"),
        (nameof(Mixup), nameof(Mixup.Alpha), "--mixup"),
        (nameof(CutMix), nameof(CutMix.Alpha), "--cutmix"),
        (nameof(Sgd), nameof(Sgd.Momentum), "--momentum"),
        (nameof(LearningRateFinderOptions), nameof(LearningRateFinderOptions.From), "--from"),
        (nameof(LearningRateFinderOptions), nameof(LearningRateFinderOptions.To), "--to"),
        (nameof(LearningRateFinderOptions), nameof(LearningRateFinderOptions.Steps), "--steps"),
        (nameof(RunExtension), nameof(RunExtension.Epochs), "--extend"),
        (nameof(RunExtension), nameof(RunExtension.LearningRate), "--learning-rate"),
        .. s_optimizers.Select(optimizer => (optimizer, nameof(OptimizerOptions.LearningRate), "--learning-rate")),
        .. s_optimizers.Select(optimizer => (optimizer, nameof(OptimizerOptions.WeightDecay), "--weight-decay")),
        .. s_schedules.Select(schedule => (schedule, nameof(LearningRateSchedule.Warmup), "--warmup")),
        (nameof(RunSettings), nameof(RunSettings.Dataset), "--dataset"),
        (nameof(RunSettings), nameof(RunSettings.Channels), "--channels"),
        (nameof(RunSettings), nameof(RunSettings.ImageSize), "--image-size"),
        (nameof(RunSettings), nameof(RunSettings.ResizeTo), "--image-size"),
        (nameof(RunSettings), nameof(RunSettings.BatchSize), "--batch-size"),
        (nameof(RunSettings), nameof(RunSettings.Sampler), "--sampler"),
        (nameof(CheckpointOptions), nameof(CheckpointOptions.Folder), "--output"),
        (nameof(CheckpointOptions), nameof(CheckpointOptions.EverySteps), "--checkpoint-steps"),
        (nameof(CheckpointOptions), nameof(CheckpointOptions.Every), "--checkpoint-minutes"),
        (nameof(CheckpointOptions), nameof(CheckpointOptions.Keep), "--keep-checkpoints"),
        (nameof(CheckpointFolder), "keep", "--keep-checkpoints"),

        // Images.
        (nameof(ImageLoaderOptions), nameof(ImageLoaderOptions.BatchSize), "--batch-size"),
        (nameof(ImageLoaderOptions), nameof(ImageLoaderOptions.Channels), "--channels"),
        (nameof(ImageLoaderOptions), nameof(ImageLoaderOptions.Sampler), "--sampler"),
        (nameof(ImageLoaderOptions), nameof(ImageLoaderOptions.Workers), "--workers"),
        (nameof(ImageLoaderOptions), nameof(ImageLoaderOptions.OnUnreadableImage), "--on-unreadable"),
        (nameof(ImageLoaderOptions), nameof(ImageLoaderOptions.CacheBytes), "--cache-mb"),
        (nameof(VerificationOptions), nameof(VerificationOptions.MinimumSize), "--min-size"),
        (nameof(VerificationOptions), nameof(VerificationOptions.Workers), "--workers"),
        (nameof(PackOptions), nameof(PackOptions.ShorterSide), "--shorter-side"),
        (nameof(PackOptions), nameof(PackOptions.Channels), "--channels"),
        (nameof(PackOptions), nameof(PackOptions.Workers), "--workers"),
        (nameof(PackOptions), nameof(PackOptions.OnUnreadableImage), "--skip-unreadable"),
        (nameof(SplitOptions), nameof(SplitOptions.EvaluationFraction), "--validation-split"),
        (nameof(SplitOptions), nameof(SplitOptions.Extensions), "--extensions"),

        // Evaluation and prediction.
        (nameof(ThresholdRule), "rule", "--threshold-for"),
        (nameof(DecisionThreshold), nameof(DecisionThreshold.Threshold), "--threshold-for"),
        (nameof(EvaluatorOptions), nameof(EvaluatorOptions.PositiveClass), "--positive"),
        (nameof(EvaluatorOptions), nameof(EvaluatorOptions.Engine), "--engine"),
        (nameof(Classifier), "name", "--class"),
        (nameof(Classifier), "stage", "--stage"),
        (nameof(Classifier), "device", "--device"),
        (nameof(Classifier), "engine", "--engine"),
        (nameof(ClassifierOptions), nameof(ClassifierOptions.BatchSize), "--batch-size"),
        (nameof(ClassifierOptions), nameof(ClassifierOptions.Workers), "--workers"),
        (nameof(GradCam), "stage", "--stage"),
    ];

    /// <summary>Returns a command's name for the property that an exception is about; null if the command has no option for it.</summary>
    internal static Symbol? Find(Command command, InvalidOptionException refused)
    {
        var names = Rows.Where(row => row.Owner == refused.Owner && row.Property == refused.Property).Select(row => row.Option);
        return command.Options.Concat<Symbol>(command.Arguments).FirstOrDefault(symbol => names.Contains(symbol.Name));
    }
}
