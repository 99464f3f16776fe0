using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;

namespace ResNet.Inference.Tests.Kernels;

public sealed class Int8ConvolutionTests
{
    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void A_convolution_of_bytes_gives_exactly_the_integers_of_its_definition(VectorWidth width)
    {
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            int kernel = random.GetItems([1, 1, 3, 3, 5], 1)[0], dilation = random.Next(1, 3);
            Check(
                width, random,
                new Shape(
                    random.Next(1, 4), random.Next(1, 12), random.Next(1, 12), random.Next(1, 70), random.Next(1, 70), kernel,
                    random.Next(1, 4), dilation, random.Next(0, (kernel / 2 * dilation) + 1)),
                greatest: random.Next(2) == 0);
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Sums_of_the_greatest_products_are_not_cut_off(VectorWidth width) =>
        Check(width, new Random(4), new Shape(1, 4, 4, 2048, 16, 1, 1, 1, 0), greatest: true);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public unsafe void Floats_become_the_nearest_bytes_and_halves_the_even_one(VectorWidth width)
    {
        float[] values = [0.5f, 1.5f, 2.5f, -0.5f, 254.5f, 255.4f, 256, 1e30f, -1e30f, float.NaN, 0.49999997f, 3, 100.25f, 100.75f, -1, 0];
        byte[] expected = [0, 2, 2, 0, 254, 255, 255, 255, 0, 0, 0, 3, 100, 101, 0, 0];
        using var input = new Canaries(values);
        using var output = new Canaries(values.Length / sizeof(float));
        Int8Kernels.For(width).Quantize(input.Address, 1, 0, (byte*)output.Address, 0, values.Length);
        output.Check();
        new ReadOnlySpan<byte>(output.Address, values.Length).ToArray().Should().Equal(expected);
        // 0.75 · 2 + 10 and so on.
        using var others = new Canaries([.. Enumerable.Range(0, 16).Select(i => (i - 8) * 0.75f)]);
        Int8Kernels.For(width).Quantize(others.Address, 2, 10, (byte*)output.Address, 0, values.Length);
        new ReadOnlySpan<byte>(output.Address, values.Length).ToArray().Should().Equal(
            0, 0, 1, 2, 4, 6, 7, 8, 10, 12, 13, 14, 16, 18, 19, 20);
    }

    private static unsafe void Check(VectorWidth width, Random random, Shape shape, bool greatest)
    {
        var kernels = Int8Kernels.For(width);
        int pitch = KernelSet.Channels(shape.Input), outputPitch = KernelSet.Channels(shape.Output);
        int height = shape.Length(shape.Height), outputWidth = shape.Length(shape.Width), taps = shape.Kernel * shape.Kernel;
        if (height < 1 || outputWidth < 1) return;
        var geometry = new Geometry
        {
            Images = shape.Images, Height = shape.Height, Width = shape.Width, Pitch = pitch,
            OutputHeight = height, OutputWidth = outputWidth, OutputPitch = outputPitch,
            KernelHeight = shape.Kernel, KernelWidth = shape.Kernel,
            Stride = shape.Stride, Dilation = shape.Dilation, Padding = shape.Padding,
        };
        int inputZero = random.Next(256), addZero = random.Next(256), outputZero = random.Next(256);
        var weights = new sbyte[shape.Output * shape.Input * taps];
        foreach (ref sbyte weight in weights.AsSpan())
            weight = (sbyte)(greatest ? 63 : random.Next(-Int8Kernels.MaximumWeight, Int8Kernels.MaximumWeight + 1));
        float[] scales = [.. Enumerable.Range(0, shape.Output).Select(_ => 0.01f + random.NextSingle())];
        float[] bias = [.. Enumerable.Range(0, shape.Output).Select(_ => (random.NextSingle() - 0.5f) * 100)];
        float inputScale = 0.1f, outputScale = 0.01f * MathF.Sqrt(shape.Input * taps) * 40;
        bool sums = random.Next(3) > 0, addsFloats = random.Next(2) == 0, relu = random.Next(2) == 0, givesFloats = random.Next(3) == 0;
        float addScale = 30 * outputScale / 255;
        using var input = Bytes(shape.Images * shape.Height * shape.Width, shape.Input, (byte)inputZero);
        using var addedBytes = Bytes(geometry.Pixels, shape.Output, (byte)addZero);
        using var addedFloats = new Canaries([.. Enumerable.Range(0, geometry.Pixels * outputPitch).Select(_ => random.NextSingle() * 20)]);
        using var output = new Canaries(geometry.Pixels * outputPitch / (givesFloats ? 1 : sizeof(float)));
        using var zeros = new Canaries(pitch / sizeof(float));
        new Span<byte>(zeros.Address, pitch).Fill((byte)inputZero);
        float scale = givesFloats ? 1 : outputScale;
        using var packed = new PackedInt8(
            kernels, weights, scales, bias, (shape.Output, shape.Input, taps), pitch, (inputScale, inputZero), scale);
        var epilogue = new Int8Epilogue
        {
            Start = packed.Start, Factor = packed.Factor, Bias = packed.Bias,
            Add = !sums ? 0 : (nint)(addsFloats ? addedFloats : addedBytes).Address,
            AddsFloats = addsFloats, AddZero = addsFloats ? 0 : addZero, AddFactor = (addsFloats ? 1 : addScale) / scale,
            Relu = relu, GivesFloats = givesFloats, Zero = givesFloats ? 0 : outputZero,
        };
        var convolution = new Convolution<byte, Int8Epilogue>
        {
            Geometry = geometry, Input = (nint)input.Address, Output = (nint)output.Address, Zeros = (nint)zeros.Address,
            Depth = packed.Depth, Weights = packed.Weights, Panels = packed.Panels, Epilogue = epilogue,
        };
        ConvolutionWork.Of(kernels, convolution, random.Next(1, 4)).ComputeAll();
        output.Check();

        byte* pixels = (byte*)input.Address;
        for (int i = 0; i < geometry.Pixels * outputPitch; i++)
        {
            var (pixel, o) = Math.DivRem(i, outputPitch);
            int x = pixel % outputWidth, y = pixel / outputWidth % height, n = pixel / outputWidth / height;
            int sum = 0;
            for (int t = 0; o < shape.Output && t < shape.Input * taps; t++)
            {
                var (c, tap) = Math.DivRem(t, taps);
                int row = (y * shape.Stride) - shape.Padding + (tap / shape.Kernel * shape.Dilation);
                int column = (x * shape.Stride) - shape.Padding + (tap % shape.Kernel * shape.Dilation);
                // Outside of the map is 0, whatever the zero point is.
                if (row < 0 || row >= shape.Height || column < 0 || column >= shape.Width) continue;
                int value = pixels[((((n * shape.Height) + row) * shape.Width) + column) * pitch + c];
                sum += (value - inputZero) * weights[(o * shape.Input * taps) + t];
            }
            // The definition of the epilogue, in the order of its roundings.
            float expected = o < shape.Output
                ? (sum * (float)((double)inputScale * scales[o] / scale)) + (float)(bias[o] / (double)scale)
                : 0;
            if (sums)
            {
                float added = addsFloats ? addedFloats.Content[i] : ((byte*)addedBytes.Address)[i] - (float)addZero;
                expected += added * epilogue.AddFactor;
            }
            if (relu) expected = Math.Max(expected, 0);
            float actual = givesFloats ? output.Content[i] : ((byte*)output.Address)[i];
            if (!givesFloats) expected = MathF.Round(Math.Clamp(expected + outputZero, 0, 255), MidpointRounding.ToEven);
            if (actual != expected) actual.Should().Be(expected, "{0}, pixel {1}, channel {2}, {3}", shape, pixel, o, epilogue);
        }

        // Channels that only fill up a pixel are the zero point, as kernels write them.
        Canaries Bytes(int count, int channels, byte zero)
        {
            int length = KernelSet.Channels(channels);
            var memory = new Canaries(count * length / sizeof(float));
            var bytes = new Span<byte>(memory.Address, count * length);
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = i % length >= channels ? zero : greatest ? byte.MaxValue : (byte)random.Next(256);
            return memory;
        }
    }

    private readonly record struct Shape(
        int Images, int Height, int Width, int Input, int Output, int Kernel, int Stride, int Dilation, int Padding)
    {
        internal int Length(int length)
        {
            int free = length + (2 * Padding) - ((Dilation * (Kernel - 1)) + 1);
            return free < 0 ? 0 : (free / Stride) + 1;
        }
    }
}
