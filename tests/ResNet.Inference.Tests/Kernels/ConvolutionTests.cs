using CsCheck;
using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;

namespace ResNet.Inference.Tests.Kernels;

public sealed class ConvolutionTests
{
    private const int Count = 120;

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
        var shapes = tile > 0
            ? from images in Gen.Int[1, 3]
              from height in Gen.Int[1, 15]
              from columns in Gen.Int[1, 15]
              from input in Gen.Int[1, 40]
              from output in Gen.Int[1, 70]
              select new Shape(images, height, columns, input, output, 3, 1, 1, 1, 1)
            : from images in Gen.Int[1, 3]
              from height in Gen.Int[1, 15]
              from columns in Gen.Int[1, 15]
              from groups in Gen.OneOf(1, 1, 2, 4, 5)
              from input in Gen.Int[1, 20]
              from output in Gen.Int[1, 40]
              from kernel in Gen.OneOf(1, 2, 3, 3, 5, 7)
              from dilation in Gen.Int[1, 3]
              from padding in Gen.Int[0, (kernel - 1) * dilation / 2]
              from stride in Gen.Int[1, 3]
              select new Shape(images, height, columns, groups * input, groups * output, kernel, stride, dilation, padding, groups);
        Cases(shapes).Sample(one => Check(width, tile, one, readsImages: false), iter: Count, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void A_convolution_of_images_is_what_its_definition_says_for_any_shape(VectorWidth width)
    {
        var shapes =
            from images in Gen.Int[1, 3]
            from height in Gen.Int[1, 15]
            from columns in Gen.Int[1, 15]
            from channels in Gen.Int[1, 5]
            from output in Gen.Int[1, 70]
            from kernel in Gen.OneOf(1, 2, 3, 5, 7)
            from padding in Gen.Int[0, (kernel - 1) / 2]
            from stride in Gen.Int[1, 3]
            select new Shape(images, height, columns, channels, output, kernel, stride, 1, padding, 1);
        Cases(shapes).Sample(one => Check(width, 0, one, readsImages: true), iter: Count, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_single_pixel_of_a_single_channel_is_convolved(VectorWidth width, int tile) =>
        Check(width, tile, new Case(new Shape(1, 1, 1, 1, 1, 3, 1, 1, 1, 1), false, false, 1, 1), readsImages: false);

    private static Gen<Case> Cases(Gen<Shape> shapes) =>
        from shape in shapes
        from sums in Gen.Bool
        from relu in Gen.Bool
        from threads in Gen.Int[1, 3]
        from seed in Gen.Int
        select new Case(shape, sums, relu, threads, seed);

    private static unsafe void Check(VectorWidth width, int tile, Case one, bool readsImages)
    {
        var (shape, sums, relu, threads, seed) = one;
        int outputHeight = shape.Length(shape.Height), outputWidth = shape.Length(shape.Width);
        if (outputHeight < 1 || outputWidth < 1) return;
        var kernels = KernelSet.For(width);
        var random = new Random(seed);
        int pitch = readsImages ? shape.Input : KernelSet.Channels(shape.Input), outputPitch = KernelSet.Channels(shape.Output);
        // Images have rows and columns of zeros around them, and a row of the kernel is one tap.
        int border = readsImages ? shape.Padding : 0;
        var geometry = new Geometry
        {
            Images = shape.Images, Height = shape.Height + (2 * border), Width = shape.Width + (2 * border), Pitch = pitch,
            OutputHeight = outputHeight, OutputWidth = outputWidth, OutputPitch = outputPitch,
            KernelHeight = shape.Kernel, KernelWidth = readsImages ? 1 : shape.Kernel,
            Stride = shape.Stride, Dilation = shape.Dilation, Padding = readsImages ? 0 : shape.Padding,
        };
        float[] weights = random.Numbers(shape.Output * (shape.Input / shape.Groups) * shape.Kernel * shape.Kernel);
        float[] bias = random.Numbers(shape.Output);
        float[] map = random.Map(shape.Images * shape.Height * shape.Width, shape.Input);
        using var input = new Canaries(readsImages ? WithBorder(map, shape) : map);
        using var add = new Canaries(random.Map(geometry.Pixels, shape.Output));
        using var output = new Canaries(geometry.Pixels * outputPitch);
        using var zeros = new Canaries(new float[pitch]);
        using var source = PackedWeights.Padded(weights, weights.Length);
        var packed = tile == 0
            ? PackedWeights.Direct(
                kernels, (shape.Output, shape.Input / shape.Groups, shape.Kernel, shape.Kernel), shape.Groups, readsImages)
            : PackedWeights.Winograd(kernels, tile, shape.Output, shape.Input);
        using var memory = new Canaries((int)packed.Floats);
        memory.Content.Clear();
        packed.Pack(source.Address, bias, memory.Address);
        memory.Check();
        var convolution = new Convolution<float, Epilogue>
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
        if (tile == 0)
        {
            ConvolutionWork.Of(kernels, convolution, threads).ComputeAll();
        }
        else
        {
            using var scratch = new Canaries((int)WinogradWork.Scratch(geometry, tile, pitch, threads));
            foreach (var work in WinogradWork.Of(kernels, convolution, tile, threads, (nint)scratch.Address)) work.ComputeAll();
            scratch.Check();
        }
        output.Check();

        double[] expected = Reference(shape, map, weights, bias);
        for (int i = 0; i < geometry.Pixels; i++)
        {
            for (int c = 0; c < outputPitch; c++)
            {
                double value = c < shape.Output ? expected[(i * shape.Output) + c] + (sums ? add.Content[(i * outputPitch) + c] : 0) : 0;
                if (relu) value = Math.Max(value, 0);
                double actual = output.Content[(i * outputPitch) + c];
                if (!(Math.Abs(actual - value) <= (tile == 4 ? 2e-4 : 2e-5) * Math.Sqrt(weights.Length / (double)shape.Output)))
                    actual.Should().Be(value, "{0}, pixel {1}, channel {2}", one, i, c);
            }
        }
    }

    // [N, H, W, C] without channels of zeros, but with rows and columns of them.
    private static float[] WithBorder(float[] map, Shape s)
    {
        int pitch = KernelSet.Channels(s.Input), height = s.Height + (2 * s.Padding), width = s.Width + (2 * s.Padding);
        var result = new float[s.Images * height * width * s.Input];
        for (int i = 0; i < s.Images * s.Height * s.Width; i++)
        {
            int x = i % s.Width, y = i / s.Width % s.Height, n = i / s.Width / s.Height;
            int target = ((((n * height) + y + s.Padding) * width) + x + s.Padding) * s.Input;
            map.AsSpan(i * pitch, s.Input).CopyTo(result.AsSpan(target));
        }
        return result;
    }

    private static double[] Reference(Shape s, float[] input, float[] weights, float[] bias)
    {
        int pitch = KernelSet.Channels(s.Input), outputHeight = s.Length(s.Height), outputWidth = s.Length(s.Width);
        var result = new double[s.Images * outputHeight * outputWidth * s.Output];
        int depth = s.Input / s.Groups, group = s.Output / s.Groups;
        for (int i = 0; i < result.Length; i++)
        {
            var (pixel, o) = Math.DivRem(i, s.Output);
            int x = pixel % outputWidth, y = pixel / outputWidth % outputHeight, n = pixel / outputWidth / outputHeight;
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

    private readonly record struct Case(Shape Shape, bool Sums, bool Relu, int Threads, int Seed);
}
