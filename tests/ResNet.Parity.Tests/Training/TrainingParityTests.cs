using ResNet.Core;
using ResNet.Core.Weights.Formats;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>Five steps of training from weights that PyTorch drew, of single and of double precision.</summary>
public sealed class TrainingParityTests(ITestOutputHelper output) : IDisposable
{
    private const int Classes = 10;
    private const double LearningRate = 0.05;
    private const double Momentum = 0.9;
    private const double WeightDecay = 0.01;
    private const double LabelSmoothing = 0.1;

    private static readonly Limits s_limits = new(Loss: 1e-4, Weights: 1e-3, Statistics: 1e-3);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    public void Steps_of_gradient_descent_give_PyTorchs_losses_and_weights(string name) => TakeSteps(name, ScalarType.Float64, size: 32);

    // Rounding differences switch single ReLUs, and after some steps all weights differ. TorchVision's network shows the size of this
    // effect between two versions of libtorch: ours must not deviate more from PyTorch.
    [ParityTheory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    public void Steps_in_single_precision_give_PyTorchs_losses_and_weights(string name) => TakeSteps(name, ScalarType.Float32, size: 40);

    // Nothing has amplified rounding differences yet.
    [ParityTheory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    public void The_first_loss_with_kernels_is_PyTorchs(string name)
    {
        Reference.Run("train", name, "float32", "40", _folder.Path);
        using var steps = WeightsFile.Load(At("steps.pth"));
        using var network = Start(name, ScalarType.Float32);
        network.train();
        network.DescribeTraining(8, 40, 40).Engine.Should().Be(TrainingEngine.Kernels);
        using var deviations = new Deviations($"{name}, the first step with kernels", output);
        using var scope = NewDisposeScope();
        var logits = network.call(steps.Tensors["images"][0]);
        var loss = nn.functional.cross_entropy(logits, steps.Tensors["labels"][0], label_smoothing: LabelSmoothing);
        deviations.Compare("losses", "loss 0", loss.detach(), steps.Tensors["losses"][0], s_limits.Loss);
    }

    // Other tests cover bottlenecks: the trainer computes losses in single precision, whose rounding differences exceed the limits in
    // deeper networks.
    [ParityTheory]
    [InlineData("resnet18")]
    public void The_trainer_gives_the_losses_and_weights_of_PyTorchs_optimizer_schedules_and_image_folders(string name)
    {
        Reference.Run("fit", name, _folder.Path);
        using var deviations = new Deviations($"{name}, trainer", output);
        using var network = Start(name, ScalarType.Float64);
        // Pixels from 0 to 1, as ToTensor gives them.
        var loader = new ImageLoader(
            new ImageFolder(At("images")).Samples, new Compose(new CenterCrop(32)), new ImageLoaderOptions { BatchSize = Classes });
        var trainer = new Trainer(loader, evaluation: null, new TrainerOptions
        {
            Epochs = 5,
            Optimizer = new Sgd { LearningRate = LearningRate, Momentum = Momentum, WeightDecay = WeightDecay },
            Schedule = new CosineSchedule { Warmup = 0.4 },
            LabelSmoothing = LabelSmoothing,
        });
        var outcome = trainer.Train(network);

        using var epochs = WeightsFile.Load(At("epochs.pth"));
        using var losses = tensor(outcome.Epochs.Select(epoch => epoch.TrainLoss).ToArray());
        losses.shape.Should().Equal(5);
        for (int i = 0; i < 5; i++)
        {
            using var scope = NewDisposeScope();
            deviations.Compare("losses", $"loss {i}", losses[i], epochs.Tensors["losses"][i], s_limits.Loss);
        }
        ShouldEndAsTheReference(network, deviations, s_limits);
    }

    private void TakeSteps(string name, ScalarType type, int size)
    {
        Reference.Run("train", name, type.ToString().ToLowerInvariant(), $"{size}", _folder.Path);
        var limits = type == ScalarType.Float64 ? s_limits : LimitsOfTorchVision(name);
        using var deviations = new Deviations($"{name}, five steps in {type}", output);
        using var network = Start(name, type);
        // The limits are how far TorchVision, with the same libtorch, is from PyTorch. LossCurveTests compares our kernels, which round
        // differently, with the spread of libtorch.
        network.TrainingEngine = TrainingEngine.Torch;
        TakeSteps(network, deviations, limits);
        ShouldEndAsTheReference(network, deviations, limits);
    }

    private void TakeSteps(nn.Module<Tensor, Tensor> network, Deviations deviations, Limits limits)
    {
        using var steps = WeightsFile.Load(At("steps.pth"));
        using var optimizer = optim.SGD(network.parameters(), LearningRate, Momentum, weight_decay: WeightDecay, nesterov: true);
        network.train();
        for (int i = 0; i < 5; i++)
        {
            using var scope = NewDisposeScope();
            var logits = network.call(steps.Tensors["images"][i]);
            var loss = nn.functional.cross_entropy(logits, steps.Tensors["labels"][i], label_smoothing: LabelSmoothing);
            network.zero_grad();
            loss.backward();
            optimizer.step();
            deviations.Compare("losses", $"loss {i}", loss.detach(), steps.Tensors["losses"][i], limits.Loss);
        }
    }

    // The limits are at least those of double precision.
    private Limits LimitsOfTorchVision(string name)
    {
        using var deviations = new Deviations($"{name}, five steps of TorchVision's in single precision", output);
        using var network = TorchVisionParityTests.Theirs(name);
        using var start = WeightsFile.Load(At("start.pth"));
        network.load_state_dict(start.Tensors.ToDictionary());
        var none = new Limits(double.MaxValue, double.MaxValue, double.MaxValue);
        TakeSteps(network, deviations, none);
        CompareEnd(network, deviations, none);
        return new Limits(
            Math.Max(s_limits.Loss, deviations.Largest("losses")),
            Math.Max(s_limits.Weights, deviations.Largest("weights")),
            Math.Max(s_limits.Statistics, deviations.Largest("statistics")));
    }

    private ResNetModel Start(string name, ScalarType type)
    {
        var network = ResNets.Create(name, options => options with { Classes = Classes, DType = type });
        network.LoadWeights(At("start.pth"));
        return network;
    }

    private void ShouldEndAsTheReference(ResNetModel network, Deviations deviations, Limits limits)
    {
        using var start = WeightsFile.Load(At("start.pth"));
        using var end = WeightsFile.Load(At("end.pth"));
        network.state_dict().Keys.Should().Equal(end.Tensors.Keys);
        foreach (var (name, value) in end.Tensors)
        {
            value.allclose(start.Tensors[name], rtol: 0, atol: 0)
                .Should().BeFalse("{0} should have changed, or there is nothing to compare", name);
        }
        CompareEnd(network, deviations, limits);
    }

    private void CompareEnd(nn.Module network, Deviations deviations, Limits limits)
    {
        using var end = WeightsFile.Load(At("end.pth"));
        var own = network.state_dict();
        foreach (var (name, value) in end.Tensors)
        {
            using var detached = own[name].detach();
            string kind = Kind(name);
            deviations.Compare(kind, name, detached, value, kind == "weights" ? limits.Weights : limits.Statistics);
        }
    }

    private static string Kind(string name) => name.Split('.')[^1] switch
    {
        "running_mean" or "running_var" => "statistics",
        "num_batches_tracked" => "batch counts",
        _ => "weights",
    };

    private readonly record struct Limits(double Loss, double Weights, double Statistics);

    private string At(string file) => Path.Combine(_folder.Path, file);
}
