using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Steps;
using ResNet.Inference;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Passes;

/// <summary>Norms with their sums and ReLUs, and their gradients, agree with libtorch's in double precision.</summary>
public sealed unsafe class NormLayerTests
{
    private const int Shapes = 40;

    public static TheoryData<VectorWidth> Widths =>
        [.. Enum.GetValues<VectorWidth>().Where(width => width <= InferenceModel.Hardware)];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Random_shapes_agree_with_double_precision(VectorWidth vectors)
    {
        var random = new Random(3);
        for (int i = 0; i < Shapes; i++)
        {
            Compare(vectors, new Shape(
                Images: random.Next(1, 5), Channels: random.Next(1, 70), Height: random.Next(2, 20), Width: random.Next(1, 20),
                HasSum: random.Next(2) == 0, UsesBatch: random.Next(4) > 0,
                Relu: random.Next(2) == 0, Adds: random.Next(3) == 0, AddsAdded: random.Next(2) == 0,
                Threads: random.Next(1, 4), Mean: random.Next(3) == 0 ? 100 : 0));
        }
    }

    private static void Compare(VectorWidth vectors, Shape shape)
    {
        using var scope = NewDisposeScope();
        manual_seed(shape.Channels + (100 * shape.Height) + shape.Width);
        long[] size = [shape.Images, shape.Channels, shape.Height, shape.Width];
        using var module = BatchNorm2d(shape.Channels);
        // What a float cannot hold is no rounding error of the norm.
        var x = (randn(size) + shape.Mean).to(ScalarType.Float64).requires_grad_();
        using (no_grad())
        {
            module.weight.copy_(randn(shape.Channels));
            module.bias!.copy_(randn(shape.Channels));
            module.running_var!.copy_(rand(shape.Channels));
        }
        var weight = module.weight.detach().to(ScalarType.Float64).requires_grad_();
        var bias = module.bias!.detach().to(ScalarType.Float64).requires_grad_();
        var (mean, variance) = (module.running_mean!.to(ScalarType.Float64), module.running_var!.to(ScalarType.Float64));
        var added = randn(size).to(ScalarType.Float64).requires_grad_();
        var y = functional.batch_norm(x, mean, variance, weight, bias, training: shape.UsesBatch, momentum: 0.1, eps: module.eps);
        if (shape.HasSum) y = y + added;
        if (shape.Relu) y = y.relu();
        var gradient = randn_like(y);
        // Numbers next to zero may have another sign in single precision.
        if (shape.Relu) gradient = gradient.mul(y.abs().gt(1e-4).to(ScalarType.Float64));
        y.backward([gradient]);
        var (former, formerAdded) = (randn_like(x), randn_like(x));

        using var harness = new LayerHarness(vectors, shape.Threads);
        var input = harness.Map(shape.Images, shape.Channels, shape.Height, shape.Width);
        var output = harness.Map(shape.Images, shape.Channels, shape.Height, shape.Width);
        var other = shape.HasSum ? harness.Map(shape.Images, shape.Channels, shape.Height, shape.Width) : null;
        var step = new NormStep(module, shape.UsesBatch, 1, shape.HasSum ? 2 : null, shape.Relu);
        using var layer = new NormLayer(
            step, harness.Set, harness.Kernels, input, output, other, shape.Adds, shape.AddsAdded, shape.Threads);
        LayerHarness.Write(x, input.Data, input.Pitch);
        if (other is not null) LayerHarness.Write(added, other.Data, other.Pitch);
        layer.Forward(harness.PassThreads);
        LayerHarness.Write(gradient, output.Gradient, output.Pitch);
        LayerHarness.Write(former, input.Gradient, input.Pitch);
        if (other is not null) LayerHarness.Write(formerAdded, other.Gradient, other.Pitch);
        var (weightGradient, biasGradient) = (zeros(shape.Channels), zeros(shape.Channels));
        layer.Backward(harness.PassThreads, [(nint)PassLayer.AddressOf(weightGradient), (nint)PassLayer.AddressOf(biasGradient)]);

        double tolerance = shape.Mean == 0 ? 1e-5 : 1e-3;
        Close(LayerHarness.Read(output, output.Data), y.detach(), "output");
        Close(LayerHarness.Read(input, input.Gradient), shape.Adds ? x.grad! + former : x.grad!, "gradient for the input");
        if (other is not null)
        {
            var expected = shape.AddsAdded ? added.grad! + formerAdded : added.grad!;
            Close(LayerHarness.Read(other, other.Gradient), expected, "gradient for what is added");
        }
        Close(weightGradient.to(ScalarType.Float64), weight.grad!, "gradient for the weights");
        Close(biasGradient.to(ScalarType.Float64), bias.grad!, "gradient for the biases");
        // Means are sums of numbers of about 1, a tenth of which counts.
        Close(module.running_mean!.to(ScalarType.Float64), mean, "running mean", least: 0.1);
        Close(module.running_var!.to(ScalarType.Float64), variance, "running variance");
        module.num_batches_tracked!.item<long>().Should().Be(shape.UsesBatch ? 1 : 0);

        void Close(Tensor actual, Tensor expected, string what, double least = 1e-6) =>
            LayerHarness.ShouldBeClose(actual, expected, tolerance, $"{what} of {shape}, {vectors}", least);
    }

    private sealed record Shape(
        int Images, int Channels, int Height, int Width, bool HasSum, bool UsesBatch,
        bool Relu, bool Adds, bool AddsAdded, int Threads, double Mean);
}
