using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Training;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;

namespace ResNet.Cli.Options;

/// <summary>
/// The options of <c>train</c> and <c>find-lr</c> for training: each changes one setting of a recipe, or of the defaults.
/// </summary>
internal sealed class TrainerArguments
{
    private const int DefaultPatience = 5;

    private static readonly TrainerOptions s_defaults = new();

    private readonly Option<int?> _epochs = new("--epochs")
    {
        Description = $"Passes over the training images. Default: {s_defaults.Epochs}.",
        HelpName = "N",
    };
    private readonly Option<long?> _steps = new("--steps")
    {
        Description = "Ends the run after so many steps, whatever --epochs says.",
        HelpName = "N",
    };
    private readonly Option<OptimizerKind?> _optimizer = new("--optimizer")
    {
        Description = "How weights follow from gradients. Default: sgd, with Nesterov momentum.",
        HelpName = "sgd|adamw|lamb",
    };
    private readonly Option<double?> _learningRate = Real(
        "--learning-rate",
        "The highest learning rate. Default: "
        + Text($"{new Sgd().LearningRate} for sgd, {new AdamW().LearningRate} for adamw, {new Lamb().LearningRate} for lamb."),
        "RATE");
    private readonly Option<double?> _momentum = Real("--momentum", Text($"Momentum of sgd. Default: {new Sgd().Momentum}."), "PART");
    private readonly Option<double?> _weightDecay = Real(
        "--weight-decay", Text($"Weight decay. Default: {new Sgd().WeightDecay} for sgd, else {new AdamW().WeightDecay}."), "FACTOR");
    private readonly Option<ScheduleKind?> _schedule = new("--schedule")
    {
        Description = "How the learning rate changes. Default: cosine.",
        HelpName = "cosine|step|onecycle|polynomial|constant",
    };
    private readonly Option<double?> _warmup = Real(
        "--warmup", Text($"The part of the run over which the learning rate rises. Default: {s_defaults.Schedule.Warmup}."), "PART");
    private readonly Option<double?> _labelSmoothing = Real(
        "--label-smoothing", Text($"Label smoothing. Default: {s_defaults.LabelSmoothing}."), "PART");
    private readonly Option<double?> _focalLoss = Real(
        "--focal-loss", "Focal loss with this gamma, in which images that are recognised well count less; 2 is usual. Default: cross "
        + "entropy.", "GAMMA");
    private readonly Option<double?> _mixup = Real(
        "--mixup", "Blends images with each other, with this alpha; with --cutmix each batch gets one of the two.", "ALPHA");
    private readonly Option<double?> _cutMix = Real(
        "--cutmix", "Replaces rectangles of images by those of others, with this alpha.", "ALPHA");
    private readonly Option<int?> _accumulate = new("--accumulate")
    {
        Description = "Batches whose gradients make one step. Default: 1.",
        HelpName = "N",
    };
    private readonly Option<double?> _clipNorm = Real("--clip-norm", "The largest norm of all gradients together. Default: any.", "NORM");
    private readonly Option<bool> _average = new("--average")
    {
        Arity = ArgumentArity.Zero,
        Description = "Keeps a moving average of the weights and evaluates it too.",
    };
    private readonly Option<Precision?> _precision = new("--precision")
    {
        Description = "What convolutions and linear layers compute in. Default: full, float32.",
        HelpName = "full|bfloat16|half",
    };
    private readonly Option<TrainingEngine?> _engine = new("--engine")
    {
        Description = "What computes the network on the CPU: kernels, those of this library, where there are some for all of it; or torch, "
            + "libtorch. Default: kernels.",
        HelpName = "kernels|torch",
    };
    private readonly Option<bool> _synchronizedNorms = new("--synchronized-norms")
    {
        Arity = ArgumentArity.Zero,
        Description = "Computes the statistics of batch norms over the images of all processes of mpirun.",
    };
    private readonly Option<bool> _progressive = new("--progressive")
    {
        Arity = ArgumentArity.Zero,
        Description = "Trains on smaller images at first.",
    };
    private readonly Option<int?> _evaluateEvery = new("--evaluate-every")
    {
        Description = "Epochs from one evaluation to the next. Default: 1.",
        HelpName = "N",
    };
    private readonly Option<int?> _earlyStopping = new("--early-stopping")
    {
        Description = $"Ends the run after so many evaluations without a better top-1 accuracy; {DefaultPatience} is usual. Default: "
            + "never.",
        HelpName = "N",
    };
    private readonly Option<OnNonFiniteLoss?> _onNonFiniteLoss = new("--on-nonfinite")
    {
        Description = "What a loss that is not finite does: stop ends the run, skipstep leaves the weights as they are. Default: stop.",
        HelpName = "stop|skipstep",
    };

    private enum OptimizerKind
    {
        Sgd,
        AdamW,
        Lamb,
    }

    private enum ScheduleKind
    {
        Cosine,
        Step,
        OneCycle,
        Polynomial,
        Constant,
    }

    /// <summary>The highest learning rate, which an extension of a run may set too.</summary>
    internal Option<double?> LearningRate => _learningRate;

    /// <summary>The options that the command has.</summary>
    internal IReadOnlyList<Option> All { get; private set; } = [];

    /// <summary>Makes the options of a whole run.</summary>
    internal static TrainerArguments OfRun() => Create(of =>
    [
        of._epochs, of._steps, of._optimizer, of._learningRate, of._momentum, of._weightDecay, of._schedule, of._warmup,
        of._labelSmoothing, of._focalLoss, of._mixup, of._cutMix, of._accumulate, of._clipNorm, of._average, of._precision, of._engine,
        of._synchronizedNorms, of._progressive, of._evaluateEvery, of._earlyStopping, of._onNonFiniteLoss,
    ]);

    /// <summary>Makes the options of single steps, without the learning rate.</summary>
    internal static TrainerArguments OfSteps() => Create(of =>
    [
        of._optimizer, of._momentum, of._weightDecay, of._labelSmoothing, of._focalLoss, of._mixup, of._cutMix, of._accumulate,
        of._clipNorm, of._precision, of._engine,
    ]);

    /// <summary>Returns a recipe's options, or the defaults, with the changes of the command line.</summary>
    internal TrainerOptions Apply(ParseResult parsed, TrainerOptions? recipe)
    {
        var options = recipe ?? s_defaults;
        return options with
        {
            Epochs = parsed.GetValue(_epochs) ?? options.Epochs,
            // A number of epochs replaces the recipe's number of steps.
            Steps = parsed.GetValue(_steps) ?? (parsed.GetValue(_epochs) is null ? options.Steps : null),
            Optimizer = Optimizer(parsed, options.Optimizer),
            Schedule = Schedule(parsed, options.Schedule),
            LabelSmoothing = parsed.GetValue(_labelSmoothing) ?? options.LabelSmoothing,
            FocalGamma = parsed.GetValue(_focalLoss) ?? options.FocalGamma,
            Mixing = Mixing(parsed) ?? options.Mixing,
            AccumulateBatches = parsed.GetValue(_accumulate) ?? options.AccumulateBatches,
            ClipNorm = parsed.GetValue(_clipNorm) ?? options.ClipNorm,
            Average = parsed.GetValue(_average) ? options.Average ?? new AverageOptions() : options.Average,
            Precision = parsed.GetValue(_precision) ?? options.Precision,
            Engine = parsed.GetValue(_engine) ?? options.Engine,
            SynchronizedNorms = parsed.GetValue(_synchronizedNorms) || options.SynchronizedNorms,
            ProgressiveSize = parsed.GetValue(_progressive) ? options.ProgressiveSize ?? new ProgressiveSize() : options.ProgressiveSize,
            EvaluateEvery = parsed.GetValue(_evaluateEvery) ?? options.EvaluateEvery,
            EarlyStopping = parsed.GetValue(_earlyStopping) is { } patience
                ? new EarlyStopping { Patience = patience }
                : options.EarlyStopping,
            OnNonFiniteLoss = parsed.GetValue(_onNonFiniteLoss) ?? options.OnNonFiniteLoss,
        };
    }

    private static TrainerArguments Create(Func<TrainerArguments, IReadOnlyList<Option>> choose)
    {
        var arguments = new TrainerArguments();
        arguments.All = choose(arguments);
        return arguments;
    }

    private OptimizerOptions Optimizer(ParseResult parsed, OptimizerOptions recipe)
    {
        OptimizerOptions optimizer = parsed.GetValue(_optimizer) switch
        {
            null => recipe,
            OptimizerKind.Sgd => recipe as Sgd ?? new Sgd { DecayNormsAndBiases = recipe.DecayNormsAndBiases },
            OptimizerKind.AdamW => recipe as AdamW ?? new AdamW { DecayNormsAndBiases = recipe.DecayNormsAndBiases },
            _ => recipe as Lamb ?? new Lamb { DecayNormsAndBiases = recipe.DecayNormsAndBiases },
        };
        if (parsed.GetValue(_momentum) is { } momentum)
        {
            optimizer = optimizer is Sgd sgd
                ? sgd with { Momentum = momentum }
                : throw CommandLineException.About(_momentum.Name, "is for --optimizer sgd: leave it out.");
        }
        return optimizer with
        {
            LearningRate = parsed.GetValue(_learningRate) ?? optimizer.LearningRate,
            WeightDecay = parsed.GetValue(_weightDecay) ?? optimizer.WeightDecay,
        };
    }

    private LearningRateSchedule Schedule(ParseResult parsed, LearningRateSchedule recipe)
    {
        LearningRateSchedule schedule = parsed.GetValue(_schedule) switch
        {
            null => recipe,
            ScheduleKind.Cosine => recipe as CosineSchedule ?? new CosineSchedule
            {
                Warmup = recipe.Warmup,
                WarmupStart = recipe.WarmupStart,
            },
            ScheduleKind.Step => recipe as StepSchedule ?? new StepSchedule { Warmup = recipe.Warmup, WarmupStart = recipe.WarmupStart },
            // This schedule has its own warm-up.
            ScheduleKind.OneCycle => recipe as OneCycleSchedule ?? new OneCycleSchedule(),
            ScheduleKind.Polynomial => recipe as PolynomialSchedule ?? new PolynomialSchedule
            {
                Warmup = recipe.Warmup,
                WarmupStart = recipe.WarmupStart,
            },
            _ => new ConstantSchedule { Warmup = recipe.Warmup, WarmupStart = recipe.WarmupStart },
        };
        return parsed.GetValue(_warmup) is { } warmup ? schedule with { Warmup = warmup } : schedule;
    }

    private BatchTransform? Mixing(ParseResult parsed)
    {
        var transforms = new List<BatchTransform>();
        if (parsed.GetValue(_mixup) is { } mixup) transforms.Add(new Mixup(p: 1, mixup));
        if (parsed.GetValue(_cutMix) is { } cutMix) transforms.Add(new CutMix(p: 1, cutMix));
        return transforms.Count > 1 ? new RandomChoice(transforms) : transforms.FirstOrDefault();
    }

    private static Option<double?> Real(string name, string description, string value) =>
        new(name) { Description = description, HelpName = value, CustomParser = result => Number.Parse(result) };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
