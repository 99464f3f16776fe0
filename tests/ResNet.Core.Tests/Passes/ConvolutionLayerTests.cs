using ResNet.Core.Passes.Convolutions;
using ResNet.Core.Passes.Steps;
using ResNet.Inference;
using ResNet.Inference.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Passes;

/// <summary>Convolutions and their gradients agree with libtorch's in double precision.</summary>
public sealed unsafe class ConvolutionLayerTests
{
    private const int Shapes = 40;

    /// <summary>Widths of vectors, and the largest tile of Winograd's algorithm.</summary>
    public static TheoryData<VectorWidth, int> Kernels
    {
        get
        {
            var data = new TheoryData<VectorWidth, int>();
            foreach (var width in Enum.GetValues<VectorWidth>().Where(width => width <= InferenceModel.Hardware))
                foreach (int tile in new[] { 0, 2, 4 }) data.Add(width, tile);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Random_shapes_agree_with_double_precision(VectorWidth vectors, int largestTile)
    {
        var random = new Random(largestTile);
        for (int i = 0; i < Shapes; i++)
        {
            int kernel = random.Next(3) == 0 ? 1 : 3, stride = random.Next(3) == 0 ? 2 : 1;
            int groups = random.Next(3) == 0 ? random.Next(2, 9) : 1;
            Compare(vectors, largestTile, new Shape(
                Images: random.Next(1, 4), Input: groups * Channels(random, groups),
                Output: groups * Channels(random, groups), Height: random.Next(1, 20),
                Width: random.Next(1, 20), kernel, stride, groups, Dilation: kernel == 3 && stride == 1 && random.Next(4) == 0 ? 2 : 1,
                Adds: random.Next(2) == 0, Threads: random.Next(1, 4)));
        }
    }

    [Theory]
    [InlineData(4, 64, 64, 28, 28, 3, 1)]
    [InlineData(2, 128, 160, 14, 14, 3, 1)]
    [InlineData(2, 256, 128, 7, 7, 3, 1)]
    [InlineData(3, 64, 128, 28, 27, 3, 2)]
    [InlineData(3, 96, 192, 14, 15, 1, 2)]
    [InlineData(3, 256, 64, 14, 14, 1, 1)]
    [InlineData(5, 64, 600, 7, 7, 1, 1)]
    [InlineData(9, 80, 336, 7, 9, 3, 2)]
    [InlineData(3, 272, 304, 9, 7, 3, 1)]
    [InlineData(4, 32, 32, 48, 47, 3, 1)]
    [InlineData(7, 12, 16, 64, 64, 3, 1)]
    [InlineData(2, 128, 128, 28, 28, 3, 1, 32)]
    [InlineData(2, 256, 256, 15, 14, 3, 2, 32)]
    public void Shapes_of_networks_agree_with_double_precision(
        int images, int input, int output, int height, int width, int kernel, int stride, int groups = 1)
    {
        foreach (int tile in new[] { 0, 2, 4 })
        {
            Compare(
                InferenceModel.Hardware, tile,
                new Shape(images, input, output, height, width, kernel, stride, groups, Dilation: 1, Adds: false, Threads: 2));
        }
        Compare(
            VectorWidth.Vector128, 4,
            new Shape(images, input, output, height, width, kernel, stride, groups, Dilation: 1, Adds: true, Threads: 3));
    }

    private static int Channels(Random random, int groups) => groups > 1 ? random.Next(1, 20)
        : random.Next(2) == 0 ? random.Next(1, 40)
        : 16 * random.Next(1, 9);

    private static void Compare(VectorWidth vectors, int largestTile, Shape shape)
    {
        using var scope = NewDisposeScope();
        var (images, inputs, outputs, height, width, kernel, stride, groups, dilation, adds, threads) = shape;
        int padding = dilation * (kernel - 1) / 2;
        manual_seed(images + (7 * inputs) + (31 * outputs) + (101 * height) + width);
        using var module = Conv2d(
            inputs, outputs, kernel_size: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: false);
        var x = randn([images, inputs, height, width], ScalarType.Float64).requires_grad_();
        var weight = module.weight.detach().to(ScalarType.Float64).requires_grad_();
        var y = functional.conv2d(x, weight, null, [stride, stride], [padding, padding], [dilation, dilation], groups);
        var gradient = randn_like(y);
        y.backward([gradient]);
        var former = randn_like(x);

        using var harness = new LayerHarness(vectors, threads);
        var input = harness.Map(images, inputs, height, width);
        var output = harness.Map(images, outputs, (int)y.size(2), (int)y.size(3));
        var geometry = new Geometry
        {
            Images = images, Height = height, Width = width, Pitch = input.Pitch,
            OutputHeight = output.Shape.Height, OutputWidth = output.Shape.Width, OutputPitch = output.Pitch,
            KernelHeight = kernel, KernelWidth = kernel, Stride = stride, Dilation = dilation, Padding = padding,
        };
        long weights = ConvolutionLayer.FloatsOfWeights(geometry);
        using var memory = new PassMemory(
            ConvolutionLayer.FloatsOfTiles(harness.Set, geometry, readsImages: false, largestTile, threads), weights,
            ConvolutionLayer.FloatsOfSums(geometry, threads), InputGradient.FloatsOfParts(geometry, (int)module.groups),
            Math.Max(input.Pitch, output.Pitch));
        using var layer = new ConvolutionLayer(
            module, harness.Set, harness.Kernels, geometry, readsImages: false, input, output, adds, memory, largestTile, threads);
        LayerHarness.Write(x, input.Data, input.Pitch);
        layer.Forward(harness.PassThreads);
        LayerHarness.Write(gradient, output.Gradient, output.Pitch);
        if (adds) LayerHarness.Write(former, input.Gradient, input.Pitch);
        var weightGradient = zeros_like(module.weight);
        layer.Backward(harness.PassThreads, [(nint)PassLayer.AddressOf(weightGradient)]);

        string what = $"{shape}, {vectors}, tiles of {largestTile}";
        double tolerance = largestTile == 4 ? 1e-4 : 1e-5;
        LayerHarness.ShouldBeClose(LayerHarness.Read(output, output.Data), y.detach(), tolerance, $"output of {what}");
        LayerHarness.ShouldBeClose(
            LayerHarness.Read(input, input.Gradient), adds ? x.grad! + former : x.grad!, tolerance, $"gradient for the input of {what}");
        LayerHarness.ShouldBeClose(
            weightGradient.to(ScalarType.Float64), weight.grad!, tolerance, $"gradient for the weights of {what}");
    }

    private sealed record Shape(
        int Images, int Input, int Output, int Height, int Width, int Kernel, int Stride, int Groups, int Dilation, bool Adds, int Threads);
}
