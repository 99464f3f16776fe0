using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using ResNet.Training.Classification;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

/// <summary>Long runs with all features, in which leaks would show.</summary>
public sealed class SoakTests : IDisposable
{
    private const int Images = 64;
    private const int BatchSize = 4;
    private const int BatchesOfStep = 2;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TrainingEngine.Kernels)]
    [InlineData(TrainingEngine.Torch)]
    public void Tensors_do_not_pile_up(TrainingEngine engine)
    {
        var counts = new List<(long Step, long Tensors)>();
        long finalized = FinalizedTensors.Count();
        Run(engine, steps: 200, (step, parametersMade) => counts.Add((step, LiveTensors.Count(parametersMade))));
        FinalizedTensors.Count().Should().Be(finalized, "the collector should have no tensor to free");
        counts.Where(count => count.Step >= 100).Select(count => count.Tensors).Distinct().Should().ContainSingle();
    }

    [LongFact]
    public void Neither_tensors_nor_memory_grow_over_three_thousand_steps() => LookAtThreeThousandSteps(TrainingEngine.Kernels);

    [LongFact]
    public void Neither_tensors_nor_memory_grow_over_three_thousand_steps_of_libtorch() => LookAtThreeThousandSteps(TrainingEngine.Torch);

    private void LookAtThreeThousandSteps(TrainingEngine engine)
    {
        var counts = new List<(long Step, long Tensors)>();
        var memory = new List<long>();
        long finalized = FinalizedTensors.Count();
        Run(engine, steps: 3000, (step, parametersMade) =>
        {
            counts.Add((step, Tensor.TotalCount - parametersMade));
            memory.Add(ResidentMemory.Bytes());
        });
        FinalizedTensors.Count().Should().Be(finalized, "the collector should have no tensor to free");
        counts.Where(count => count.Step >= 100).Select(count => count.Tensors).Distinct().Should().ContainSingle();
        ShouldBeFlat(memory);
    }

    [LongFact]
    public void Neither_tensors_nor_memory_grow_over_a_hundred_thousand_predictions()
    {
        using var model = new ResNetBuilder().StageDepths(1, 1).Classes(2).InputChannels(1).Build();
        using var fused = model.FuseForInference();
        string picture = Pictures()[0].Path;
        var classifier = new Classifier(fused, ["a", "b"], new Compose(new CenterCrop(16), new Normalize([0.5f], [0.5f])));
        classifier.Classify(picture);
        var memory = new List<long>();
        long finalized = FinalizedTensors.Count(), live = Tensor.TotalCount;
        for (int i = 0; i < 100_000; i++)
        {
            classifier.Classify(picture);
            if (i % 100 == 0) memory.Add(ResidentMemory.Bytes());
        }
        Tensor.TotalCount.Should().Be(live);
        FinalizedTensors.Count().Should().Be(finalized, "the collector should have no tensor to free");
        ShouldBeFlat(memory);
    }

    private static void ShouldBeFlat(List<long> memory)
    {
        int third = memory.Count / 3;
        double middle = memory.Skip(third).Take(third).Average();
        memory.Skip(2 * third).Average().Should().BeInRange(0.98 * middle, 1.02 * middle);
    }

    // Calls an action at the end of each epoch, when no batch is being loaded, with the steps so far and the parameters of the copies that
    // evaluations made.
    private void Run(TrainingEngine engine, long steps, Action<long, long> look)
    {
        manual_seed(9);
        // libtorch computes networks with stochastic depth.
        double rate = engine == TrainingEngine.Torch ? 0.2 : 0;
        using var model = new ResNetBuilder().StageDepths(1, 1).Classes(2).InputChannels(1).StochasticDepth(rate).Build();
        long parametersMade = 0, parametersOfCopy;
        using (var copy = model.FuseForInference()) parametersOfCopy = copy.parameters().Count();
        var loading = new ImageLoaderOptions { BatchSize = BatchSize, Channels = 1, Workers = 2 };
        var samples = Pictures();
        var training = new ImageLoader(
            samples, new Compose(new RandomCrop(16, padding: 2), new Normalize([0.5f], [0.5f])), loading with { Shuffle = true });
        var evaluation = new ImageLoader(samples, new Compose(new CenterCrop(16), new Normalize([0.5f], [0.5f])), loading);
        var trainer = new Trainer(training, evaluation, new TrainerOptions
        {
            Steps = steps,
            Engine = engine,
            Optimizer = new AdamW(),
            Mixing = new Mixup(),
            AccumulateBatches = BatchesOfStep,
            ClipNorm = 1,
            Average = new AverageOptions { EverySteps = 2 },
            EvaluateEvery = 2,
            OnNonFiniteLoss = OnNonFiniteLoss.SkipStep,
            Checkpoints = new CheckpointOptions { Folder = _folder.File("checkpoints"), EverySteps = 5 },
        });
        trainer.EpochCompleted += metrics =>
        {
            // The weights and their average.
            if (engine == TrainingEngine.Kernels && metrics.Evaluation is not null) parametersMade += 2 * parametersOfCopy;
            look(metrics.Steps, parametersMade);
        };
        trainer.Train(model).Steps.Should().Be(steps);
    }

    private List<ImageSample> Pictures()
    {
        var samples = new List<ImageSample>();
        for (int i = 0; i < Images; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 256).Select(p => (byte)((p * (i + 3) % 97) + (100 * (i % 2))))];
            samples.Add(new ImageSample(_folder.Write($"{i:00}.pgm", [.. "P5 16 16 255\n"u8, .. pixels]), i % 2));
        }
        return samples;
    }
}
