using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

/// <summary>Finished runs that go on for more epochs, of four steps each.</summary>
public sealed class ExtensionTests : IDisposable
{
    private const int Images = 32;

    private static readonly Compose s_transforms = new(
        new RandomCrop(16, padding: 2), new RandomHorizontalFlip(), new Normalize([0.5f], [0.5f]));

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples = [];

    public ExtensionTests()
    {
        for (int i = 0; i < Images; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 256).Select(p => (byte)((p * (i + 3) % 97) + (100 * (i % 2))))];
            _samples.Add(new ImageSample(_folder.Write($"{i:00}.pgm", [.. "P5 16 16 255\n"u8, .. pixels]), i % 2));
        }
    }

    private static readonly Dictionary<string, TrainerOptions> s_runs = new()
    {
        ["plain"] = new() { Epochs = 2 },
        ["everything"] = new()
        {
            Epochs = 3,
            Optimizer = new AdamW { LearningRate = 0.002 },
            Schedule = new OneCycleSchedule(),
            Mixing = new Mixup(),
            AccumulateBatches = 3,
            Average = new AverageOptions { Decay = 0.9, EverySteps = 2 },
            ProgressiveSize = new ProgressiveSize { MultipleOf = 4, From = 0.75 },
            EvaluateEvery = 2,
            EarlyStopping = new EarlyStopping { Patience = 50 },
            OnNonFiniteLoss = OnNonFiniteLoss.SkipStep,
        },
        ["within an epoch"] = new() { Steps = 6, Average = new AverageOptions { EverySteps = 1 } },
    };

    public static TheoryData<string> Runs => [.. s_runs.Keys];

    public void Dispose() => _folder.Dispose();

    // The schedule is constant, so nothing but the state of the first two epochs tells the third one how to go on.
    [Fact]
    public void A_run_of_two_epochs_and_two_more_ends_with_the_bits_of_a_run_of_four()
    {
        var options = new TrainerOptions { Epochs = 4, Optimizer = new Sgd { LearningRate = 0.02 }, Schedule = new ConstantSchedule() };
        var whole = Run(options);
        var part = options with { Epochs = 2 };
        Run(part, "parts");
        ShouldBeTheSame(Run(part with { Extensions = [Extension(2, 2)] }, "parts"), whole);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void An_extended_run_has_the_bits_of_one_that_was_planned_so_wherever_it_is_stopped(string name)
    {
        var options = s_runs[name];
        int epochs = options.Steps is null ? options.Epochs : 2;
        var extended = options with { Extensions = [Extension(epochs, 1, 0.01), Extension(epochs + 1, 1)] };
        var whole = Run(extended);
        whole.Epochs.Select(epoch => epoch.Epoch).Should().Equal(Enumerable.Range(1, epochs + 2));

        Run(options, "twice");
        Run(options with { Extensions = [extended.Extensions![0]] }, "twice");
        ShouldBeTheSame(Run(extended, "twice"), whole);

        Run(options, "stopped");
        long first = whole.Epochs[epochs - 1].Steps;
        for (long step = first + 1; step < whole.Steps[^1].Step; step++) Run(extended, "stopped", stopAt: step).Weights.Should().BeNull();
        ShouldBeTheSame(Run(extended, "stopped"), whole);
    }

    [Fact]
    public void The_schedule_begins_anew_with_its_warm_up_and_the_highest_rate_of_the_extension()
    {
        var options = new TrainerOptions
        {
            Epochs = 2, Optimizer = new Sgd { LearningRate = 0.08 }, Schedule = new PolynomialSchedule { Warmup = 0.5 },
        };
        Run(options, "rates");
        var run = Run(options with { Extensions = [Extension(2, 1), Extension(3, 1, 0.01)] }, "rates");
        // Half of the steps rise to the peak by equal steps, and half fall from it to zero after the last one.
        double[] expected = [0.02, 0.04, 0.06, 0.08, 0.08, 0.06, 0.04, 0.02, 0.04, 0.08, 0.08, 0.04, 0.005, 0.01, 0.01, 0.005];
        run.Steps.Select(step => Math.Round(step.LearningRate, 12)).Should().Equal(expected);
        run.Steps.Select(step => step.Epoch).Should().Equal(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4);
        run.Epochs.Select(epoch => (epoch.Epoch, epoch.Steps)).Should().Equal((1, 4), (2, 8), (3, 12), (4, 16));
    }

    [Fact]
    public void A_run_that_ended_within_an_epoch_goes_on_with_the_next_one()
    {
        var options = new TrainerOptions { Steps = 6 };
        Run(options, "within");
        var run = Run(options with { Extensions = [Extension(2, 1)] }, "within");
        run.Steps.Select(step => (step.Step, step.Epoch)).Should().Equal(
            (1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 3), (8, 3), (9, 3), (10, 3));
        run.Epochs.Select(epoch => epoch.Steps).Should().Equal(4, 6, 10);
    }

    [Fact]
    public void A_run_that_stopped_early_goes_on_after_its_last_epoch_and_its_patience_begins_anew()
    {
        // No accuracy is 100 points above another, so each run ends after the second evaluation without such a gain.
        var options = new TrainerOptions { Epochs = 10, EarlyStopping = new EarlyStopping { Patience = 2, MinimumGain = 100 } };
        Run(options, "early").Epochs.Should().HaveCount(3);
        var extended = options with { Extensions = [Extension(3, 4)] };
        var run = Run(extended, "early");
        run.Epochs.Select(epoch => epoch.Epoch).Should().Equal(1, 2, 3, 4, 5);
        run.StoppedEarly.Should().BeTrue();
        run.Steps.Should().HaveCount(20);
        ShouldBeTheSame(Run(extended), run);
    }

    [Fact]
    public void Progressive_sizes_are_those_of_the_run_before_its_extensions()
    {
        var sizes = new ProgressiveSize { From = 0.5, Until = 1, MultipleOf = 4 };
        var plan = new TrainingPlan(
            Loader(), new TrainerOptions { Epochs = 2, ProgressiveSize = sizes, Extensions = [Extension(2, 2)] });
        Enumerable.Range(0, 4).Select(epoch => plan.GetLoader(epoch).Transforms.Size.Height).Should().Equal(8, 12, 16, 16);
    }

    // 1 - (1 - 0.99) · images of a step · steps of an update / epochs, as torchvision adjusts the decay.
    [Fact]
    public void The_average_decays_as_in_a_run_of_the_extensions_length()
    {
        var average = new AverageOptions { Decay = 0.99, EverySteps = 1 };
        var plan = new TrainingPlan(Loader(), new TrainerOptions { Epochs = 4, Average = average, Extensions = [Extension(4, 1)] });
        plan.GetAverageDecay(15).Should().BeApproximately(1 - (0.01 * 8 / 4), 1e-12);
        plan.GetAverageDecay(16).Should().BeApproximately(1 - (0.01 * 8), 1e-12);
    }

    [Fact]
    public void Evaluations_before_an_extension_have_no_part_in_its_patience_but_in_the_accuracy_to_beat()
    {
        EpochMetrics[] epochs = [.. new[] { 50.0, 70, 60, 65, 66 }.Select((top1, i) => new EpochMetrics
        {
            Epoch = i + 1, Evaluation = new(1, top1, 100, 10, 1),
        })];
        new EarlyStopping().Look(epochs).Should().Be((70, 3));
        new EarlyStopping().Look(epochs, after: 3).Should().Be((70, 2));
        new EarlyStopping().Look(epochs, after: 5).Should().Be((70, 0));
    }

    [Theory]
    [InlineData(3, "after 1 to 2 epochs")]
    [InlineData(int.MaxValue, "after 1 to 2 epochs")]
    public void An_extension_after_the_end_is_refused(int after, string accepted)
    {
        var make = () => new Trainer(Loader(), null, new TrainerOptions { Epochs = 2, Extensions = [Extension(after, 1)] });
        make.Should().Throw<InvalidOptionException>().WithMessage($"TrainerOptions.Extensions is *but has to be extensions {accepted}*");
    }

    // 8 of 2,147,483,647 steps are over, and each epoch has 4.
    [Fact]
    public void An_extension_of_too_many_steps_is_refused()
    {
        var make = (int epochs) => new TrainingPlan(Loader(), new TrainerOptions { Epochs = 2, Extensions = [Extension(2, epochs)] });
        make(536_870_909).Steps.Should().Be(2_147_483_644);
        make.Invoking(plan => plan(536_870_910)).Should().Throw<InvalidOptionException>().WithMessage(
            "RunExtension.Epochs is 536870910, but has to be at most 536870909.");
    }

    [Fact]
    public void Bad_values_are_refused_when_they_are_set()
    {
        Refusal(() => Extension(0, 1)).Should().Be("RunExtension.After is 0, but has to be at least 1.");
        Refusal(() => Extension(1, 0)).Should().Be("RunExtension.Epochs is 0, but has to be at least 1.");
        Refusal(() => Extension(1, 1, 0)).Should().StartWith("RunExtension.LearningRate is 0, but has to be ");
        Refusal(() => Extension(1, 1, double.NaN)).Should().StartWith("RunExtension.LearningRate is NaN, but has to be ");

        static string Refusal(Func<RunExtension> make) => make.Should().Throw<InvalidOptionException>().Which.Message;
    }

    [Fact]
    public void A_checkpoint_of_another_past_is_refused()
    {
        var options = new TrainerOptions { Epochs = 2 };
        Run(options, "past");
        Refusal(options with { Extensions = [Extension(1, 1)] })
            .Should().Contain("is of epoch 2, but RunExtension.After is 1: extend the run after its last epoch");
        var extended = options with { Extensions = [Extension(2, 1, 0.01)] };
        Run(extended, "past");
        Refusal(options).Should().Contain("was made with TrainerOptions.Extensions = [{\"After\":2,\"Epochs\":1,\"LearningRate\":0.01}], "
            + "but now it is null");
        Refusal(options with { Extensions = [Extension(2, 1, 0.02)] }).Should().Contain("TrainerOptions.Extensions = [{\"After\":2,");

        string Refusal(TrainerOptions other)
        {
            var resume = () => Run(other, "past");
            return resume.Should().Throw<CheckpointException>().Which.Message;
        }
    }

    [Fact]
    public void A_run_folder_is_extended_when_it_is_finished_and_says_so_when_the_extension_begins()
    {
        var settings = new RunSettings
        {
            Network = "resnet20", Dataset = "squares", Channels = 1, ImageSize = 16, ResizeTo = 16, Mean = [0.5f], Deviation = [0.5f],
            BatchSize = 8, Seed = 5, Training = new TrainerOptions { Epochs = 1 },
        };
        string path = Path.Combine(_folder.Path, "run");
        var run = RunFolder.Create(path, settings, ["even", "odd"]);
        var none = () => run.Extend(1);
        none.Should().Throw<RunFolderException>().WithMessage($"The run '{path}' has no checkpoints, from which it could go on: *");
        Train(run, resume: false, stopAt: 2);
        none.Should().Throw<RunFolderException>().WithMessage(
            $"The run '{path}' is not finished, so it cannot be extended: resume it first.").Which
            .Problem.Should().Be(RunFolderProblem.Unfinished);
        Train(run, resume: true);
        File.WriteAllText(Path.Combine(path, "test.json"), "{}");
        var zero = () => run.Extend(0);
        zero.Should().Throw<InvalidOptionException>();

        var extended = run.Extend(2, 0.01);
        extended.Settings.Training.Extensions.Should().Equal(new RunExtension { After = 1, Epochs = 2, LearningRate = 0.01 });
        extended = extended.MoveDataset("elsewhere");
        var untouched = RunFolder.OpenUnfinished(path).Settings;
        untouched.Training.Extensions.Should().BeNull("it has not begun");
        untouched.Dataset.Should().Be("squares");
        Train(extended, resume: true, stopAt: 6);
        var again = RunFolder.OpenUnfinished(path);
        again.Settings.Training.Extensions.Should().Equal(extended.Settings.Training.Extensions);
        again.Settings.Dataset.Should().Be("elsewhere");
        none.Should().Throw<RunFolderException>();
        Train(again, resume: true);
        File.ReadLines(Path.Combine(path, "metrics.csv")).Skip(1).Select(line => line.Split(',')[0]).Should().Equal("1", "2", "3");
        File.ReadLines(Path.Combine(path, "steps.csv")).Skip(1).Select(line => line.Split(',')[0])
            .Should().Equal(Enumerable.Range(1, 12).Select(step => $"{step}"));
        again.Extend(1).Settings.Training.Extensions.Should().Equal(
            extended.Settings.Training.Extensions![0], new RunExtension { After = 3, Epochs = 1 });

        File.WriteAllText(Path.Combine(path, "test.json"), "{}");
        using var model = again.LoadModel(CPU);
        again.SaveWeights(model);
        File.Exists(Path.Combine(path, "test.json")).Should().BeFalse("it was of the former weights");
    }

    // Without a shuffle, the third batch of four has the images 16 to 23: the run of three steps ends after two.
    [Fact]
    public void A_run_whose_last_batch_could_not_be_read_is_finished_and_can_be_extended()
    {
        for (int i = 16; i < 24; i++) File.WriteAllText(_samples[i].Path, "no picture");
        var loading = Loading with { OnUnreadableImage = OnUnreadableImage.Skip };
        var settings = new RunSettings
        {
            Network = "resnet20", Dataset = "squares", Channels = 1, ImageSize = 16, ResizeTo = 16, Mean = [0.5f], Deviation = [0.5f],
            BatchSize = 8, Seed = 5, Training = new TrainerOptions { Steps = 3 },
        };
        var run = RunFolder.Create(Path.Combine(_folder.Path, "run"), settings, ["even", "odd"]);
        Train(run, resume: false, loader: new(_samples, s_transforms, loading));
        File.ReadLines(Path.Combine(run.Path, "steps.csv")).Should().HaveCount(1 + 2);

        var extended = run.Extend(1);
        extended.Settings.Training.Extensions.Should().Equal(new RunExtension { After = 1, Epochs = 1 });
        Train(extended, resume: true, stopAt: 4, new(_samples, s_transforms, loading));
        var unfinished = () => RunFolder.OpenUnfinished(run.Path).Extend(1);
        unfinished.Should().Throw<RunFolderException>().WithMessage("*is not finished*");
    }

    private void Train(RunFolder run, bool resume, long? stopAt = null, ImageLoader? loader = null)
    {
        using var model = ResNets.Create("resnet20", classes: 2, inputChannels: 1);
        using var stop = new CancellationTokenSource();
        var trainer = new Trainer(loader ?? Loader(), null, run.Settings.Training with { Checkpoints = run.Checkpoints });
        trainer.StepCompleted += step => { if (step.Step == stopAt) stop.Cancel(); };
        using var recording = run.Record(trainer, model, evaluation: null);
        trainer.Train(model, resume, cancellationToken: stop.Token).Interrupted.Should().Be(stopAt is not null);
    }

    private sealed record Result(
        Dictionary<string, byte[]>? Weights, IReadOnlyList<EpochMetrics> Epochs, IReadOnlyList<StepMetrics> Steps, bool StoppedEarly);

    // Resumes the run in a folder, if there is one, with a new network, loader and trainer, as in a new process.
    private Result Run(TrainerOptions options, string? folder = null, long? stopAt = null)
    {
        string path = Path.Combine(_folder.Path, "checkpoints", folder ?? Guid.NewGuid().ToString("N"));
        options = options with { Checkpoints = new CheckpointOptions { Folder = path, Every = null } };
        manual_seed(9);
        using var model = new ResNetBuilder().StageDepths(1, 1).Classes(2).InputChannels(1).StochasticDepth(0.2).Build();
        using var stop = new CancellationTokenSource();
        var trainer = new Trainer(
            Loader(), new ImageLoader(_samples, new Compose(new CenterCrop(16), new Normalize([0.5f], [0.5f])), Loading), options);
        trainer.StepCompleted += step => { if (step.Step >= stopAt) stop.Cancel(); };
        var outcome = trainer.Train(model, resume: Directory.Exists(path), cancellationToken: stop.Token);
        var weights = model.state_dict().ToDictionary(entry => entry.Key, entry => Bytes(entry.Value));
        return new(outcome.Interrupted ? null : weights, outcome.Epochs, trainer.History, outcome.StoppedEarly);
    }

    private static ImageLoaderOptions Loading => new() { BatchSize = 8, Channels = 1, Seed = 5, Workers = 2 };

    private ImageLoader Loader() => new(_samples, s_transforms, Loading with { Shuffle = true });

    private static RunExtension Extension(int after, int epochs, double? learningRate = null) =>
        new() { After = after, Epochs = epochs, LearningRate = learningRate };

    private static void ShouldBeTheSame(Result result, Result whole)
    {
        result.Steps.Should().Equal(whole.Steps);
        result.Epochs.Should().BeEquivalentTo(
            whole.Epochs,
            equal => equal
                .Excluding(epoch => epoch.ImagesPerSecond)
                .Excluding(epoch => epoch.PeakMemoryBytes)
                .Excluding(epoch => epoch.WaitingSeconds)
                .Excluding(epoch => epoch.Evaluation)
                .Excluding(epoch => epoch.AverageEvaluation));
        foreach (var (name, bytes) in whole.Weights!) result.Weights![name].Should().Equal(bytes, "{0} should be the same", name);
    }

    private static byte[] Bytes(Tensor tensor)
    {
        using var copy = tensor.detach().contiguous().clone();
        return copy.bytes.ToArray();
    }
}
