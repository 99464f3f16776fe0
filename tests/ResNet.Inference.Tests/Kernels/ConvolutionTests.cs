using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;

namespace ResNet.Inference.Tests.Kernels;

public sealed class ConvolutionTests
{
    // 0: products; 2 and 4: Winograd's algorithm with tiles of that size.
    public static TheoryData<VectorWidth, int> Kernels
    {
        get
        {
            var data = new TheoryData<VectorWidth, int>();
            foreach (var width in Widths.Supported)
            {
                foreach (int tile in new[] { 0, 2, 4 }) data.Add(width, tile);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_convolution_is_what_its_definition_says_for_any_shape(VectorWidth width, int tile)
    {
        var random = new Random(tile + (8 * (int)width));
        for (int i = 0; i < 60; i++) Check(width, tile, Draw(random, tile), random);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_single_pixel_of_a_single_channel_is_convolved(VectorWidth width, int tile) =>
        Check(width, tile, new Shape(1, 1, 1, 1, 1, 3, 1, 1, 1, 1), new Random(1));

    private static Shape Draw(Random random, int tile)
    {
        int groups = tile > 0 ? 1 : random.GetItems([1, 1, 2, 4, 5], 1)[0];
        int kernel = tile > 0 ? 3 : random.GetItems([1, 3, 3, 5, 7], 1)[0];
        int dilation = tile > 0 ? 1 : random.Next(1, 3);
        return new Shape(
            random.Next(1, 4), random.Next(1, 15), random.Next(1, 15), groups * random.Next(1, 20), groups * random.Next(1, 40),
            kernel, tile > 0 ? 1 : random.Next(1, 4), dilation, kernel / 2 * dilation, groups);
    }

    private static unsafe void Check(VectorWidth width, int tile, Shape shape, Random random)
    {
        var kernels = KernelSet.For(width);
        int pitch = KernelSet.Channels(shape.Input), outputPitch = KernelSet.Channels(shape.Output);
        int outputHeight = shape.Length(shape.Height), outputWidth = shape.Length(shape.Width);
        if (outputHeight < 1 || outputWidth < 1) return;
        var geometry = new Geometry
        {
            Images = shape.Images, Height = shape.Height, Width = shape.Width, Pitch = pitch,
            OutputHeight = outputHeight, OutputWidth = outputWidth, OutputPitch = outputPitch,
            KernelHeight = shape.Kernel, KernelWidth = shape.Kernel,
            Stride = shape.Stride, Dilation = shape.Dilation, Padding = shape.Padding,
        };
        float[] weights = Numbers(shape.Output * (shape.Input / shape.Groups) * shape.Kernel * shape.Kernel);
        float[] bias = Numbers(shape.Output);
        using var input = new Canaries(Padded(shape.Images * shape.Height * shape.Width, shape.Input));
        using var add = new Canaries(Padded(geometry.Pixels, shape.Output));
        using var output = new Canaries(geometry.Pixels * outputPitch);
        using var zeros = new Canaries(new float[pitch]);
        using var packed = tile == 0
            ? PackedWeights.Direct(
                kernels, weights, bias, (shape.Output, shape.Input / shape.Groups, shape.Kernel, shape.Kernel), shape.Groups,
                readsImages: false, threads: 2)
            : PackedWeights.Winograd(kernels, tile, weights, bias, shape.Output, shape.Input, threads: 2);
        bool sums = random.Next(2) == 0, relu = random.Next(2) == 0;
        var convolution = new Convolution
        {
            Geometry = geometry,
            Input = (nint)input.Address,
            Output = (nint)output.Address,
            Zeros = (nint)zeros.Address,
            Depth = packed.Depth,
            Weights = packed.Weights,
            Panels = packed.Panels,
            Epilogue = new Epilogue(packed.Bias, sums ? (nint)add.Address : 0, relu),
        };
        int threads = random.Next(1, 4);
        if (tile == 0)
        {
            ConvolutionWork.Divide(kernels, convolution, threads).ComputeAll();
        }
        else
        {
            var division = WinogradWork.Divide(geometry, tile, pitch, outputPitch, packed.Panels.Length, threads);
            long floats = KernelSet.WinogradScratch(tile, division.MostRows * TileKernels.Rows, pitch, outputPitch);
            using var scratch = new Canaries((int)floats);
            new WinogradWork(kernels, convolution, tile, division, (nint)scratch.Address, floats).ComputeAll();
            scratch.Check();
        }
        output.Check();

        double[] expected = Reference(shape, geometry, input.Content, pitch, weights, bias);
        for (int i = 0; i < geometry.Pixels; i++)
        {
            for (int c = 0; c < outputPitch; c++)
            {
                double value = c < shape.Output ? expected[(i * shape.Output) + c] + (sums ? add.Content[(i * outputPitch) + c] : 0) : 0;
                if (relu) value = Math.Max(value, 0);
                double actual = output.Content[(i * outputPitch) + c];
                if (!(Math.Abs(actual - value) <= (tile == 4 ? 2e-4 : 2e-5) * Math.Sqrt(weights.Length / (double)shape.Output)))
                    actual.Should().Be(value, "{0}, pixel {1}, channel {2}, sum {3}, ReLU {4}", shape, i, c, sums, relu);
            }
        }

        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];

        float[] Padded(int pixels, int channels)
        {
            int channelsInMemory = KernelSet.Channels(channels);
            var values = new float[pixels * channelsInMemory];
            for (int i = 0; i < pixels; i++)
            {
                for (int c = 0; c < channels; c++) values[(i * channelsInMemory) + c] = (random.NextSingle() * 2) - 1;
            }
            return values;
        }
    }

    private static double[] Reference(Shape s, in Geometry g, ReadOnlySpan<float> input, int pitch, float[] weights, float[] bias)
    {
        var result = new double[g.Pixels * s.Output];
        int depth = s.Input / s.Groups, group = s.Output / s.Groups;
        for (int i = 0; i < result.Length; i++)
        {
            var (pixel, o) = Math.DivRem(i, s.Output);
            int x = pixel % g.OutputWidth, y = pixel / g.OutputWidth % g.OutputHeight, n = pixel / g.OutputWidth / g.OutputHeight;
            result[i] = bias[o];
            for (int t = 0; t < depth * s.Kernel * s.Kernel; t++)
            {
                int c = t / (s.Kernel * s.Kernel);
                int row = (y * s.Stride) - s.Padding + (t / s.Kernel % s.Kernel * s.Dilation);
                int column = (x * s.Stride) - s.Padding + (t % s.Kernel * s.Dilation);
                if (row < 0 || row >= s.Height || column < 0 || column >= s.Width) continue;
                result[i] += (double)weights[(o * depth * s.Kernel * s.Kernel) + t]
                    * input[((((n * s.Height) + row) * s.Width) + column) * pitch + (o / group * depth) + c];
            }
        }
        return result;
    }

    private readonly record struct Shape(
        int Images, int Height, int Width, int Input, int Output, int Kernel, int Stride, int Dilation, int Padding, int Groups)
    {
        internal int Length(int length)
        {
            int free = length + (2 * Padding) - ((Dilation * (Kernel - 1)) + 1);
            return free < 0 ? 0 : (free / Stride) + 1;
        }
    }
}
