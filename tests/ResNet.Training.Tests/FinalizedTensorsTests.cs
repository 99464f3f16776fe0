using System.Runtime.CompilerServices;
using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Inspection;
using ResNet.Core.Weights;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using ResNet.Training.Classification;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests;

/// <summary>
/// The libraries dispose all tensors and scalars that they make: native memory is freed at once, not when the garbage collector runs.
/// </summary>
[LeavesTensors]
public sealed class FinalizedTensorsTests : IDisposable
{
    private const int Times = 3;

    // TorchSharp's batch normalisation adds 1 to its batch count in training, and makes two scalars for that: the 1 and its factor.
    private const int ScalarsOfNorm = 2;

    // One session of events for all tests: the runtime may lose the events of a session that soon follows another one.
    private static readonly FinalizedScalars s_scalars = new();

    private static readonly Compose s_evaluation = new(new CenterCrop(32), Normalize.ImageNet);
    private static readonly Compose s_training = new(new RandomCrop(32, padding: 2), Normalize.ImageNet, new RandomErasing(0.5));

    private static readonly Dictionary<string, Action<FinalizedTensorsTests>> s_paths = new()
    {
        ["inference"] = test => test._network.call(test._images).Dispose(),
        ["features"] = test =>
        {
            var (map, pooled) = test._network.ForwardFeatures(test._images);
            map.Dispose();
            pooled.Dispose();
        },
        ["stages"] = test => DisposeAll(test._network.ForwardStages(test._images)),
        ["fused inference"] = test => test._fused.call(test._images).Dispose(),
        ["fused stages"] = test => DisposeAll(test._fused.ForwardStages(test._images)),
        ["fusing"] = test => test.Dispose(test._network.FuseForInference()),
        ["freezing"] = test => test._network.Freeze(untilStage: 1).Unfreeze(),
        ["memory order"] = test => test._network.ToChannelsLast(),
        ["summary"] = test => ModelSummary.Of(test._network, 32, 32),
        ["heat map"] = test => GradCam.Compute(test._network, test._images, [0, 1]).Dispose(),
        ["ONNX"] = test =>
        {
            OnnxExporter.Export(test._network, Stream.Null);
            // The exporter folds the norms of a copy.
            test._parametersMade += test._fused.parameters().Count();
        },
        ["weights"] = test =>
        {
            foreach (var format in new[] { WeightsFormat.Safetensors, WeightsFormat.PyTorch, WeightsFormat.TorchSharp })
            {
                string path = test._folder.File("network.weights");
                test._network.SaveWeights(path, format: format);
                test._network.LoadWeights(path);
            }
        },
        ["evaluation"] = test => new Evaluator(test.Loader(shuffle: false), new EvaluatorOptions { Flips = true }).Evaluate(test._network),
        ["classification"] = test => new Classifier(test._network, ["a", "b"], s_evaluation).Classify(test._samples[0].Path),
        ["explanation"] = test => new Classifier(test._network, ["a", "b"], s_evaluation).Explain(test._samples[0].Path),
        ["training with SGD"] = test => test.Train(new TrainerOptions { Steps = 6 }),
        ["training with kernels"] = test => test.Train(new TrainerOptions { Steps = 6 }, stochasticDepth: 0),
        ["training with kernels and all else"] = test => test.Train(
            new TrainerOptions
            {
                Steps = 12, AccumulateBatches = 2, ClipNorm = 1, Average = new AverageOptions(), OnNonFiniteLoss = OnNonFiniteLoss.SkipStep,
            },
            stochasticDepth: 0),
        ["training with libtorch"] = test =>
            test.Train(new TrainerOptions { Steps = 6, Engine = TrainingEngine.Torch }, stochasticDepth: 0),
        ["training with AdamW and all else"] = test => test.Train(new TrainerOptions
        {
            Steps = 12,
            Optimizer = new AdamW(),
            Mixing = new RandomChoice(new Mixup(), new CutMix()),
            AccumulateBatches = 2,
            ClipNorm = 1,
            Average = new AverageOptions { EverySteps = 2 },
            OnNonFiniteLoss = OnNonFiniteLoss.SkipStep,
        }),
        ["training with class weights"] = test => test.Train(new TrainerOptions { Steps = 6, ClassWeights = [1, 3] }),
        ["training with focal loss"] = test => test.Train(new TrainerOptions { Steps = 6, ClassWeights = [1, 3], FocalGamma = 2 }),
        ["training with focal loss of mixed images"] = test =>
            test.Train(new TrainerOptions { Steps = 6, Mixing = new Mixup(), FocalGamma = 2 }),
        ["training with LAMB"] = test => test.Train(new TrainerOptions { Steps = 6, Optimizer = new Lamb() }),
        ["a run that is resumed"] = test =>
        {
            var checkpoints = new CheckpointOptions { Folder = test._folder.File(Guid.NewGuid().ToString()), EverySteps = 2 };
            var options = new TrainerOptions { Steps = 6, Checkpoints = checkpoints, Average = new AverageOptions() };
            for (int process = 0; process < 2; process++) test.Train(options, resume: true);
        },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples = [];
    private readonly Tensor _images = rand(2, 3, 32, 32);
    private readonly ResNetModel _network = new ResNetBuilder().StageDepths(1, 1).Classes(2).StochasticDepth(0.2).Build();
    private readonly ResNetModel _fused;
    private long _parametersMade;
    private long _normsTrained;

    public FinalizedTensorsTests()
    {
        for (int i = 0; i < 12; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 32 * 32 * 3).Select(p => (byte)(p * (i + 3) % 251))];
            _samples.Add(new ImageSample(_folder.Write($"{i:00}.ppm", [.. "P6 32 32 255\n"u8, .. pixels]), i % 2));
        }
        _network.eval();
        _fused = _network.FuseForInference();
    }

    public static TheoryData<string> Paths => [.. s_paths.Keys];

    public void Dispose()
    {
        _fused.Dispose();
        _network.Dispose();
        _images.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Nothing_is_left_to_the_collector_by(string path)
    {
        // The first call makes objects that stay.
        s_paths[path](this);
        ShouldLeaveNothing(() =>
        {
            for (int i = 0; i < Times; i++) s_paths[path](this);
        });
    }

    [Fact]
    public void A_tensor_that_nobody_disposes_of_is_counted()
    {
        long before = FinalizedTensors.Count();
        for (int i = 0; i < Times; i++) _images.abs();
        (FinalizedTensors.Count() - before).Should().Be(Times);
    }

    [Fact]
    public void A_scalar_that_nobody_disposes_of_is_counted()
    {
        long before = s_scalars.Count();
        Leave(_images);
        (s_scalars.Count() - before).Should().Be(Times + 1);

        // A separate method, so that no stack frame references the scalars when they are counted.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Leave(Tensor images)
        {
            for (int i = 0; i < Times; i++) images.mul(2).Dispose();
            manual_seed(1).Dispose();
            manual_seed(1);
        }
    }

    [Theory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    [InlineData("resnet20")]
    [InlineData("plain20")]
    [InlineData("resnet50d")]
    [InlineData("preact_resnet18")]
    public void Nothing_is_left_to_the_collector_by_building_training_and_disposing_of(string name)
    {
        Use();
        ShouldLeaveNothing(Use);

        void Use()
        {
            var network = ResNets.Create(name, classes: 2);
            using (var logits = network.call(_images))
            using (var loss = logits.sum())
            {
                loss.backward();
            }
            network.DescribeTraining(2, 32, 32).Engine.Should().Be(TrainingEngine.Kernels);
            Dispose(network);
        }
    }

    private void ShouldLeaveNothing(Action work)
    {
        long finalized = FinalizedTensors.Count(), scalars = s_scalars.Count(), live = LiveTensors.Count();
        (_parametersMade, _normsTrained) = (0, 0);
        work();
        (FinalizedTensors.Count() - finalized).Should().Be(0, "the collector should have no tensor to free");
        (s_scalars.Count() - scalars)
            .Should().Be(ScalarsOfNorm * _normsTrained, "the collector should only have TorchSharp's own scalars to free");
        LiveTensors.Count(_parametersMade).Should().Be(live, "no tensor should stay");
    }

    private void Dispose(ResNetModel network)
    {
        _parametersMade += network.parameters().Count();
        network.Dispose();
    }

    private static long Norms(ResNetModel network) => network.modules().Count(module => module is TorchSharp.Modules.BatchNorm2d);

    private static void DisposeAll(IEnumerable<Tensor> tensors)
    {
        foreach (var tensor in tensors) tensor.Dispose();
    }

    private ImageLoader Loader(bool shuffle) =>
        new(_samples, shuffle ? s_training : s_evaluation, new ImageLoaderOptions { BatchSize = 4, Workers = 2, Shuffle = shuffle });

    // With stochastic depth libtorch computes the network.
    private void Train(TrainerOptions options, bool resume = false, double stochasticDepth = 0.2)
    {
        var network = new ResNetBuilder().StageDepths(1, 1).Classes(2).StochasticDepth(stochasticDepth).Build();
        var loader = Loader(shuffle: true);
        var trainer = new Trainer(loader, Loader(shuffle: false), options);
        trainer.EpochCompleted += epoch =>
        {
            if (network.DescribeTraining(4, 32, 32).Engine == TrainingEngine.Torch) _normsTrained += loader.Batches * Norms(network);
            // An evaluation with ResNet.Inference folds the norms of a copy.
            int evaluations = options.Engine == TrainingEngine.Torch ? 0 : epoch.AverageEvaluation is null ? 1 : 2;
            _parametersMade += evaluations * _fused.parameters().Count();
        };
        trainer.Train(network, resume);
        Dispose(network);
    }
}
