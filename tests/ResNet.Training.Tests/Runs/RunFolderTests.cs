using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Runs;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly RunSettings s_settings = new()
    {
        Network = "resnet18",
        Dataset = "somewhere/photos",
        Channels = 1,
        ImageSize = 32,
        ResizeTo = 36,
        Mean = [0.5f],
        Deviation = [0.25f],
        Augmentation = Augmentation.Flip,
        BatchSize = 16,
        Seed = 3,
        Training = new TrainerOptions
        {
            Epochs = 2,
            Optimizer = new Sgd { LearningRate = 0.1 },
            Schedule = new StepSchedule { Warmup = 0.25 },
            Mixing = new RandomChoice(new Mixup(p: 1, alpha: 0.2), new CutMix(p: 1)),
            Average = new AverageOptions { Decay = 0.99 },
            Precision = Precision.BFloat16,
        },
    };

    private string RunPath => Path.Combine(_folder.Path, "run");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_comes_back_as_it_was_left()
    {
        var run = RunFolder.Create(RunPath, s_settings, ["cat", "dog", "größe"]);
        using var model = ResNets.ResNet18(classes: 3, inputChannels: 1);
        run.SaveWeights(model);

        var opened = RunFolder.Open(RunPath);
        opened.Settings.Should().BeEquivalentTo(s_settings);
        opened.Classes.Should().Equal("cat", "dog", "größe");
        opened.EvaluationOptions.Should().BeEquivalentTo(new { BatchSize = 16, Channels = 1, Shuffle = false });
        opened.Settings.EvaluationTransforms.Take(2).Should().Equal(new Resize(36), new CenterCrop(32));
        opened.Settings.EvaluationTransforms.Normalize!.Deviation.Should().Equal(0.25f);
        using var loaded = opened.LoadModel(CPU);
        foreach (var (name, value) in model.state_dict())
            value.allclose(loaded.state_dict()[name], rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void The_metrics_have_a_row_an_epoch()
    {
        var run = RunFolder.Create(RunPath, s_settings, ["a", "b"]);
        const string Header =
            "epoch,steps,train_loss,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second,"
            + "val_balanced_accuracy,val_macro_f1,train_top1,peak_memory_bytes,processes,waiting_seconds";
        File.ReadAllText(Path.Combine(RunPath, "metrics.csv")).Should().Be(Header + "\n");
        run.SaveMetrics(
            [
                new EpochMetrics
                {
                    Epoch = 1,
                    Steps = 10,
                    TrainLoss = 1.25,
                    TrainTop1 = 87.5,
                    PeakMemoryBytes = 123_456_789_012,
                    LearningRate = 0.05,
                    ImagesPerSecond = 384.96,
                    Evaluation = new(0.5, 88.125, 99.9, 100, 400) { BalancedAccuracy = 62.5, MacroF1 = 0.625 },
                },
                new EpochMetrics
                {
                    Epoch = 2,
                    Steps = 20,
                    TrainLoss = 0.1234567,
                    LearningRate = 0.0000001,
                    ImagesPerSecond = 400,
                    Evaluation = new(0.25, 100, 100, 100, 400),
                    AverageEvaluation = new(0.5, 99, 100, 100, 400),
                    Processes = 4,
                    WaitingSeconds = 1.25,
                },
                new EpochMetrics { Epoch = 3, Steps = 30, TrainLoss = 0.1, LearningRate = 0.05 },
            ],
            [new StepMetrics(1, 1, 2.5, 0.01), new StepMetrics(3, 1, 2.25, 0.05)]);
        File.ReadAllLines(Path.Combine(RunPath, "metrics.csv")).Should().Equal(
            Header,
            "1,10,1.25,0.5,88.125,99.90,,,,0.05,385.0,62.50,0.625,87.50,123456789012,,",
            "2,20,0.123457,0.25,100.00,100.00,0.5,99.00,100.00,0.0000001,400.0,,,,,4,1.3",
            "3,30,0.1,,,,,,,0.05,,,,,,,");
        File.ReadAllLines(Path.Combine(RunPath, "steps.csv"))
            .Should().Equal("step,epoch,loss,learning_rate", "1,1,2.5,0.01", "3,1,2.25,0.05");
    }

    [Fact]
    public void A_threshold_is_kept_until_there_are_other_weights()
    {
        var run = RunFolder.Create(RunPath, s_settings, ["cat", "dog"]);
        run.Threshold.Should().BeNull();
        var threshold = new DecisionThreshold
        {
            PositiveClass = "dog", OtherClass = "cat", Threshold = 0.3, Rule = "f1", Dataset = "pets", Images = 9, Recall = 0.75,
        };
        run.SaveThreshold(threshold);
        run.Threshold.Should().Be(threshold);
        (threshold.Decide(0.3), threshold.Decide(0.29)).Should().Be(("dog", "cat"));

        string path = Path.Combine(RunPath, "threshold.json");
        foreach (string text in new[] { "{", "{}", File.ReadAllText(path).Replace("0.3", "3", StringComparison.Ordinal) })
        {
            File.WriteAllText(path, text);
            run.Invoking(folder => folder.Threshold).Should().Throw<RunFolderException>()
                .WithMessage("The threshold.json in '*' cannot be used: *. Delete it, or choose a threshold again.");
        }
        run.SaveThreshold(threshold with { OtherClass = "cow" });
        run.Invoking(folder => folder.Threshold).Should().Throw<RunFolderException>()
            .WithMessage("*it is of other classes than the run. Delete it, or choose a threshold again.");

        using var model = ResNets.ResNet18(classes: 2, inputChannels: 1);
        run.SaveWeights(model);
        run.Threshold.Should().BeNull("the threshold was of other weights");
    }

    [Fact]
    public void A_folder_with_a_run_in_it_is_not_written_over()
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(RunPath).FullName, "classes.txt"), "mine");
        var over = () => RunFolder.Create(RunPath, s_settings, ["a"]);
        over.Should().Throw<RunFolderException>().WithMessage("*has a classes.txt in it that is not a run's.");
        File.Delete(Path.Combine(RunPath, "classes.txt"));

        RunFolder.Create(RunPath, s_settings, ["a"]);
        // A run without weights may be replaced.
        var run = RunFolder.Create(RunPath, s_settings, ["a"]);
        using (var model = ResNets.ResNet18(classes: 1, inputChannels: 1)) run.SaveWeights(model);
        var again = () => RunFolder.Create(RunPath, s_settings, ["b"]);
        again.Should().Throw<RunFolderException>().WithMessage($"The folder '{RunPath}' already has a run in it.");
        File.ReadAllText(Path.Combine(RunPath, "classes.txt")).Should().Be("a\n");
    }

    [Fact]
    public void What_is_no_run_is_refused_with_what_it_lacks()
    {
        Refusal(() => RunFolder.Open(RunPath)).Should().StartWith($"There is no run folder '{RunPath}'");
        Directory.CreateDirectory(RunPath);
        Refusal(() => RunFolder.Open(RunPath))
            .Should().Be($"The folder '{RunPath}' is not that of a finished run: it has no settings.json.");
        Directory.Delete(RunPath);
        RunFolder.Create(RunPath, s_settings, ["a"]);
        Refusal(() => RunFolder.Open(RunPath))
            .Should().Be($"The folder '{RunPath}' is not that of a finished run: it has no weights.safetensors.");
        File.WriteAllText(Path.Combine(RunPath, "weights.safetensors"), "");
        string valid = File.ReadAllText(Path.Combine(RunPath, "settings.json"));
        string[] wrong =
        [
            "{}", "null", "", valid.Replace("\"resnet18\"", "null"), valid.Replace("somewhere/photos", ""),
            valid.Replace("\"BatchSize\": 16", "\"BatchSize\": 0"), valid.Replace("\"Channels\": 1", "\"Channels\": 2"),
        ];
        wrong.Should().OnlyHaveUniqueItems().And.NotContain(valid);
        foreach (string settings in wrong)
        {
            File.WriteAllText(Path.Combine(RunPath, "settings.json"), settings);
            Refusal(() => RunFolder.Open(RunPath)).Should().StartWith($"The settings.json in '{RunPath}' cannot be used: ");
        }
    }

    [Fact]
    public void A_run_of_before_there_were_engines_goes_on_with_libtorch()
    {
        RunFolder.Create(RunPath, s_settings, ["a"]);
        RunFolder.OpenUnfinished(RunPath).Settings.Training.Engine.Should().Be(TrainingEngine.Kernels);
        string path = Path.Combine(RunPath, "settings.json"), settings = File.ReadAllText(path);
        string old = settings.Replace("    \"Engine\": \"Kernels\",\n", "");
        old.Should().NotBe(settings);
        File.WriteAllText(path, old);
        RunFolder.OpenUnfinished(RunPath).Settings.Training.Engine.Should().Be(TrainingEngine.Torch);
    }

    [Fact]
    public void A_class_list_that_does_not_match_the_weights_is_refused()
    {
        var run = RunFolder.Create(RunPath, s_settings, ["a", "b"]);
        using (var model = ResNets.ResNet18(classes: 3, inputChannels: 1)) run.SaveWeights(model);
        var load = () => RunFolder.Open(RunPath).LoadModel(CPU);
        load.Should().Throw<WeightsFileException>().Which.Message.Should().Contain("fc.weight is [3, 512] instead of [2, 512]");
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_refused()
    {
        File.WriteAllText(RunPath, "a file");
        var create = () => RunFolder.Create(Path.Combine(RunPath, "below"), s_settings, ["a"]);
        create.Should().Throw<RunFolderException>()
            .Which.Message.Should().StartWith("The run folder '").And.Contain(" cannot be written: ");
    }

    [Fact]
    public void A_folder_that_can_no_longer_be_written_is_named_when_weights_are_saved()
    {
        var run = RunFolder.Create(RunPath, s_settings, ["a", "b"]);
        Directory.Delete(RunPath, recursive: true);
        using var model = ResNets.ResNet18(classes: 2, inputChannels: 1);
        var save = () => run.SaveWeights(model);
        save.Should().Throw<RunFolderException>()
            .Which.Message.Should().StartWith($"The run folder '{RunPath}' cannot be written: ").And.NotContain(".tmp");
    }

    private static string Refusal(Func<RunFolder> open) => open.Should().Throw<RunFolderException>().Which.Message;
}
