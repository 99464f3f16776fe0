using ResNet.Core;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

public sealed class ResumptionTests : IDisposable
{
    private const int StepsOfEpoch = 8;

    private static readonly Compose s_transforms = new(
        new RandomCrop(16, padding: 2), new RandomHorizontalFlip(), new Normalize([0.5f], [0.5f]), new RandomErasing(0.5));

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples = [];

    public ResumptionTests()
    {
        for (int i = 0; i < 64; i++)
        {
            string path = Path.Combine(_folder.Path, $"{i:00}.pgm");
            byte[] pixels = [.. Enumerable.Range(0, 256).Select(p => (byte)((p * (i + 3) % 97) + (100 * (i % 2))))];
            File.WriteAllBytes(path, [.. "P5 16 16 255\n"u8, .. pixels]);
            _samples.Add(new ImageSample(path, i % 2));
        }
    }

    public static TheoryData<string> Runs => [.. s_runs.Keys];

    private static readonly Dictionary<string, TrainerOptions> s_runs = new()
    {
        ["plain"] = new() { Epochs = 2 },
        ["everything"] = new()
        {
            Epochs = 3,
            Optimizer = new AdamW { DecayNormsAndBiases = false },
            Schedule = new OneCycleSchedule(),
            Mixing = new RandomChoice(new Mixup(), new CutMix()),
            AccumulateBatches = 3,
            ClipNorm = 1,
            ClassWeights = [0.5, 1.5],
            FocalGamma = 1.5,
            Average = new AverageOptions { Decay = 0.9, EverySteps = 2 },
            ProgressiveSize = new ProgressiveSize { MultipleOf = 4, From = 0.75 },
            EvaluateEvery = 2,
            EarlyStopping = new EarlyStopping { Patience = 50 },
            OnNonFiniteLoss = OnNonFiniteLoss.SkipStep,
        },
        ["large batches"] = new() { Steps = 11, Optimizer = new Lamb(), Schedule = new PolynomialSchedule { Warmup = 0.2 } },
        ["low precision"] = new() { Epochs = 2, Precision = Precision.BFloat16, Average = new AverageOptions { EverySteps = 1 } },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Runs))]
    public void A_run_that_is_stopped_anywhere_and_resumed_ends_with_the_same_bits(string name)
    {
        var options = s_runs[name];
        var whole = Run(options, stopAt: []);
        var steps = Enumerable.Range(1, (int)whole.Steps.Max(step => step.Step)).Where(step => step % 3 == 1);
        foreach (int stop in steps) ShouldBeTheSame(Run(options, stopAt: [stop]), whole, $"stopped at step {stop}");
        ShouldBeTheSame(Run(options, stopAt: [1, 2, 5]), whole, "stopped three times");
    }

    [Fact]
    public void A_run_that_is_stopped_while_it_evaluates_evaluates_again()
    {
        var options = s_runs["plain"];
        var whole = Run(options, stopAt: []);
        ShouldBeTheSame(Run(options, stopAt: [], stopEvaluation: true), whole, "stopped in the evaluation");
    }

    [Fact]
    public void A_run_that_is_over_is_not_trained_on()
    {
        var options = Options(s_runs["plain"], "over");
        using var model = Network();
        var first = Trainer(options).Train(model);
        using var again = Network();
        var trainer = Trainer(options);
        Resumption? from = null;
        trainer.Resumed += resumption => from = resumption;
        var outcome = trainer.Train(again, resume: true);
        from!.Epoch.Should().Be(3);
        outcome.Epochs.Should().BeEquivalentTo(first.Epochs, equal => equal.Excluding(epoch => epoch.Evaluation));
        ShouldBeTheSame(again, model);
    }

    [Fact]
    public void Checkpoints_of_another_run_are_refused_with_what_differs()
    {
        using var model = Network();
        Trainer(Options(s_runs["plain"], "refused")).Train(model);
        string folder = Path.Combine(_folder.Path, "refused");
        Refusal(Options(new TrainerOptions { Epochs = 3 }, "refused"))
            .Should().Contain("was made with TrainerOptions.Epochs = 2, but now it is 3: ");
        Refusal(Options(new TrainerOptions { Epochs = 2, Optimizer = new AdamW() }, "refused"))
            .Should().Contain("TrainerOptions.Optimizer = {\"$type\":\"sgd\"");
        var trainer = new Trainer(
            new ImageLoader(_samples, s_transforms, new ImageLoaderOptions { BatchSize = 8, Channels = 1, Seed = 6, Shuffle = true }),
            null,
            Options(s_runs["plain"], "refused"));
        using var other = Network();
        var resume = () => trainer.Train(other, resume: true);
        resume.Should().Throw<CheckpointException>().Which.Message.Should().Contain("with the seed = 5, but now it is 6");
        var darker = new Compose(
            new RandomCrop(16, padding: 2), new RandomHorizontalFlip(), new Normalize([0.25f], [0.5f]), new RandomErasing(0.5));
        var normalized = () => new Trainer(
            new ImageLoader(_samples, darker, new ImageLoaderOptions { BatchSize = 8, Channels = 1, Seed = 5, Shuffle = true }),
            null,
            Options(s_runs["plain"], "refused")).Train(other, resume: true);
        normalized.Should().Throw<CheckpointException>().Which.Message.Should().Contain("the transforms = ").And.Contain("Mean: [0.25]");
        var options = new ImageLoaderOptions { BatchSize = 8, Channels = 1, Seed = 5, Shuffle = true, Sampler = ImageSampler.Balanced };
        var drawn = () => new Trainer(new ImageLoader(_samples, s_transforms, options), null, Options(s_runs["plain"], "refused"))
            .Train(other, resume: true);
        drawn.Should().Throw<CheckpointException>().Which.Message.Should().Contain("with the sampler = Once, but now it is Balanced");
        var anew = () => Trainer(Options(s_runs["plain"], "refused")).Train(other);
        anew.Should().Throw<CheckpointException>()
            .WithMessage($"The checkpoint '{folder}*' is of another run: resume that one, or choose another folder.");
        using var wider = new ResNetBuilder().StageDepths(1, 1).Classes(3).InputChannels(1).Build();
        var fit = () => Trainer(Options(s_runs["plain"], "refused")).Train(wider, resume: true);
        fit.Should().Throw<CheckpointException>()
            .Which.Message.Should().Contain("is of another network or run: it has no 'model.fc.weight' of the shape [3, ");
        var nowhere = () => Trainer(s_runs["plain"]).Train(other, resume: true);
        nowhere.Should().Throw<InvalidOperationException>().WithMessage("There is nothing to resume from: set TrainerOptions.Checkpoints.");

        string Refusal(TrainerOptions options)
        {
            using var fresh = Network();
            var train = () => Trainer(options).Train(fresh, resume: true);
            return train.Should().Throw<CheckpointException>().Which.Message;
        }
    }

    [Fact]
    public void Checkpoints_have_identifiers_as_keys()
    {
        using var model = Network();
        Trainer(Options(s_runs["plain"], "keys")).Train(model);
        using var checkpoint = new CheckpointFolder(Path.Combine(_folder.Path, "keys"), 1).OpenLatest()!;
        checkpoint.Texts.Keys.Should().BeEquivalentTo("images", "batch_size", "seed", "transforms", "options", "position");
        (checkpoint.Texts["images"], checkpoint.Texts["batch_size"], checkpoint.Texts["seed"]).Should().Be(("64", "8", "5"));
        checkpoint.Texts["position"].Should().StartWith("""{"epoch":2,"batch":0,"step":16,"learned":16,"images":0,"elapsed":"00:00:""");
    }

    [Fact]
    public void A_run_without_a_checkpoint_begins_anew_when_it_is_resumed()
    {
        using var model = Network();
        var trainer = Trainer(Options(s_runs["plain"], "nothing"));
        Resumption? from = null;
        trainer.Resumed += resumption => from = resumption;
        trainer.Train(model, resume: true).Steps.Should().Be(16);
        from!.Checkpoint.Should().BeNull();
    }

    [Fact]
    public void Damaged_checkpoints_are_passed_over()
    {
        var options = s_runs["plain"];
        var whole = Run(options, stopAt: []);
        var damaged = Options(options, "damaged") with
        {
            Checkpoints = new CheckpointOptions { Folder = Path.Combine(_folder.Path, "damaged"), EverySteps = 2, Keep = 3 },
        };
        using var model = Network();
        using var stop = new CancellationTokenSource();
        var trainer = Trainer(damaged);
        trainer.StepCompleted += step => { if (step.Step == 7) stop.Cancel(); };
        trainer.Train(model, cancellationToken: stop.Token);
        var files = new CheckpointFolder(damaged.Checkpoints!.Folder, 3).Files;
        using (var file = File.OpenWrite(files[0]))
        {
            file.Position = file.Length / 2;
            file.WriteByte(0x55);
        }
        using var resumed = Network();
        var after = Trainer(damaged);
        var heard = new List<CheckpointException>();
        Resumption? from = null;
        after.CheckpointDamaged += heard.Add;
        after.Resumed += resumption => from = resumption;
        after.Train(resumed, resume: true);
        heard.Should().ContainSingle().Which.Message.Should().Contain(files[0]);
        from!.Checkpoint.Should().Be(files[1]);
        foreach (var (name, bytes) in whole.Weights) Bytes(resumed.state_dict()[name]).Should().Equal(bytes);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("everything")]
    public void A_picture_that_breaks_a_run_does_not_cost_what_was_learned(string name)
    {
        var options = Options(s_runs[name], "picture") with
        {
            Checkpoints = new CheckpointOptions { Folder = Path.Combine(_folder.Path, "picture"), EverySteps = 1 },
        };
        byte[] sound = File.ReadAllBytes(_samples[40].Path);
        File.WriteAllBytes(_samples[40].Path, []);
        using var model = Network();
        var train = () => Trainer(options).Train(model);
        train.Should().Throw<ImageDecodingException>();
        File.WriteAllBytes(_samples[40].Path, sound);
        using var resumed = Network();
        Trainer(options).Train(resumed, resume: true);
        using var whole = Network();
        Trainer(s_runs[name]).Train(whole);
        ShouldBeTheSame(resumed, whole);
    }

    private sealed record Result(Dictionary<string, byte[]> Weights, IReadOnlyList<EpochMetrics> Epochs, IReadOnlyList<StepMetrics> Steps);

    // After each stop, a new network, loader and trainer continue, as in a new process.
    private Result Run(TrainerOptions options, IReadOnlyList<int> stopAt, bool stopEvaluation = false)
    {
        options = Options(options, Guid.NewGuid().ToString("N"));
        for (int part = 0; ; part++)
        {
            using var model = Network();
            using var stop = new CancellationTokenSource();
            var trainer = Trainer(options);
            trainer.StepCompleted += step => { if (part < stopAt.Count && step.Step >= stopAt[part]) stop.Cancel(); };
            var listener = new Listener(
                progress => { if (stopEvaluation && part == 0 && progress.Phase == TrainingPhase.Evaluating) stop.Cancel(); });
            var outcome = trainer.Train(model, resume: part > 0, listener, stop.Token);
            if (outcome.Interrupted) continue;
            var weights = model.state_dict().ToDictionary(entry => entry.Key, entry => Bytes(entry.Value));
            return new(weights, outcome.Epochs, trainer.History);
        }
    }

    private static void ShouldBeTheSame(Result result, Result whole, string how)
    {
        result.Steps.Should().Equal(whole.Steps, how);
        result.Epochs.Should().BeEquivalentTo(
            whole.Epochs,
            equal => equal
                .Excluding(epoch => epoch.ImagesPerSecond)
                .Excluding(epoch => epoch.PeakMemoryBytes)
                .Excluding(epoch => epoch.WaitingSeconds)
                .Excluding(epoch => epoch.Evaluation)
                .Excluding(epoch => epoch.AverageEvaluation),
            how);
        foreach (var (name, bytes) in whole.Weights) result.Weights[name].Should().Equal(bytes, "{0}: {1} should be the same", how, name);
    }

    private static void ShouldBeTheSame(ResNetModel model, ResNetModel other)
    {
        foreach (var (name, value) in model.state_dict())
            Bytes(value).Should().Equal(Bytes(other.state_dict()[name]), "{0} should be the same", name);
    }

    private static byte[] Bytes(Tensor tensor)
    {
        using var copy = tensor.detach().contiguous().clone();
        return copy.bytes.ToArray();
    }

    private TrainerOptions Options(TrainerOptions options, string folder) =>
        options with { Checkpoints = new CheckpointOptions { Folder = Path.Combine(_folder.Path, folder), Every = null } };

    private Trainer Trainer(TrainerOptions options)
    {
        var loading = new ImageLoaderOptions { BatchSize = 64 / StepsOfEpoch, Channels = 1, Seed = 5, Workers = 2 };
        var evaluation = new Compose(new CenterCrop(16), new Normalize([0.5f], [0.5f]));
        return new(
            new ImageLoader(_samples, s_transforms, loading with { Shuffle = true }),
            new ImageLoader(_samples, evaluation, loading),
            options);
    }

    private static ResNetModel Network()
    {
        manual_seed(9);
        return new ResNetBuilder().StageDepths(1, 1).Classes(2).InputChannels(1).StochasticDepth(0.2).Build();
    }
}
