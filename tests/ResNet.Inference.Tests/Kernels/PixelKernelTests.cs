using CsCheck;
using ResNet.Inference.Kernels;

namespace ResNet.Inference.Tests.Kernels;

/// <summary>The kernels without products of matrices: pools, means, and what is computed pixel by pixel.</summary>
public sealed class PixelKernelTests
{
    private const int Count = 150;
    private const double Rounding = 1e-5;

    private static readonly Gen<Map> s_maps =
        from images in Gen.Int[1, 3]
        from height in Gen.Int[1, 12]
        from width in Gen.Int[1, 12]
        from channels in Gen.Int[1, 70]
        from seed in Gen.Int
        select new Map(images, height, width, channels, seed);

    private unsafe delegate void Kernel(KernelSet kernels, float* input, float* output, Range part);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public unsafe void A_maximum_is_that_of_the_pixels_of_its_window(VectorWidth width)
    {
        var cases =
            from map in s_maps
            from kernel in Gen.Int[1, 5]
            from stride in Gen.Int[1, 3]
            from padding in Gen.Int[0, (kernel - 1) / 2]
            where Math.Min(map.Height, map.Width) + (2 * padding) >= kernel
            select (map, kernel, stride, padding);
        cases.Sample(
            one =>
            {
                var (map, kernel, stride, padding) = one;
                var windows = map.Windows(
                    ((map.Height + (2 * padding) - kernel) / stride) + 1, ((map.Width + (2 * padding) - kernel) / stride) + 1);
                var geometry = windows with { KernelHeight = kernel, KernelWidth = kernel, Stride = stride, Padding = padding };
                CheckWindows(
                    width, map, geometry, (kernels, input, output, rows) => kernels.MaxPool(geometry, input, output, rows),
                    window => window.Max());
            },
            iter: Count, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public unsafe void A_mean_is_that_of_the_pixels_of_its_window(VectorWidth width) =>
        Gen.Select(s_maps, Gen.Int[1, 2]).Sample(
            one =>
            {
                var (map, stride) = one;
                // Without a stride, pixels outside of the map count as zeros.
                bool countsOutside = stride == 1;
                var windows = map.Windows((map.Height + stride - 1) / stride, (map.Width + stride - 1) / stride);
                var geometry = windows with { KernelHeight = 2, KernelWidth = 2, Stride = stride };
                CheckWindows(
                    width, map, geometry,
                    (kernels, input, output, rows) => kernels.AveragePool(geometry, countsOutside, input, output, rows),
                    window => countsOutside ? window.Sum() / 4 : window.Average());
            },
            iter: Count, threads: 1);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public unsafe void A_mean_of_all_pixels_is_their_mean(VectorWidth width) =>
        s_maps.Sample(
            map =>
            {
                int pitch = KernelSet.Channels(map.Channels), pixels = map.Height * map.Width;
                using var input = new Canaries(new Random(map.Seed).Map(pixels, map.Channels));
                using var output = new Canaries(pitch);
                KernelSet.For(width).Mean(input.Address, pixels, pitch, output.Address);
                output.Check();
                for (int c = 0; c < pitch; c++)
                {
                    double sum = 0;
                    for (int pixel = 0; pixel < pixels; pixel++) sum += input.Content[(pixel * pitch) + c];
                    Compare(output.Content[c], sum / pixels, map, 0, c);
                }
            },
            iter: Count, threads: 1);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public unsafe void Pixels_are_scaled_shifted_and_added(VectorWidth width) =>
        Gen.Select(s_maps, Gen.Bool, Gen.Bool, Gen.Bool).Sample(
            one =>
            {
                var (map, scales, sums, relu) = one;
                var random = new Random(map.Seed);
                int pitch = KernelSet.Channels(map.Channels), pixels = map.Images * map.Height * map.Width;
                using var input = new Canaries(random.Map(pixels, map.Channels));
                using var add = new Canaries(random.Map(pixels, map.Channels));
                using var scale = new Canaries(random.Map(1, map.Channels));
                using var shift = new Canaries(random.Map(1, map.Channels));
                using var output = new Canaries(pixels * pitch);
                InParts(pixels, random, part => KernelSet.For(width).Pointwise(
                    input.Address, scales ? scale.Address : null, scales ? shift.Address : null, sums ? add.Address : null, relu, pitch,
                    output.Address, part));
                output.Check();
                for (int i = 0; i < output.Length; i++)
                {
                    double value = input.Content[i];
                    if (scales) value = (value * scale.Content[i % pitch]) + shift.Content[i % pitch];
                    if (sums) value += add.Content[i];
                    if (relu) value = Math.Max(value, 0);
                    Compare(output.Content[i], value, map, i / pitch, i % pitch);
                }
            },
            iter: Count, threads: 1);

    private static unsafe void CheckWindows(
        VectorWidth width, Map map, Geometry geometry, Kernel kernel, Func<IReadOnlyList<double>, double> expected)
    {
        var random = new Random(map.Seed);
        using var input = new Canaries(random.Map(map.Images * map.Height * map.Width, map.Channels));
        using var output = new Canaries(geometry.Pixels * geometry.OutputPitch);
        InParts(
            map.Images * geometry.OutputHeight, random, rows => kernel(KernelSet.For(width), input.Address, output.Address, rows));
        output.Check();
        for (int i = 0; i < geometry.Pixels; i++)
        {
            int x = i % geometry.OutputWidth, y = i / geometry.OutputWidth % geometry.OutputHeight;
            int image = i / geometry.OutputWidth / geometry.OutputHeight;
            for (int c = 0; c < geometry.OutputPitch; c++)
            {
                var window = new List<double>();
                for (int tap = 0; tap < geometry.Taps; tap++)
                {
                    int row = (y * geometry.Stride) - geometry.Padding + (tap / geometry.KernelWidth);
                    int column = (x * geometry.Stride) - geometry.Padding + (tap % geometry.KernelWidth);
                    if (row < 0 || row >= map.Height || column < 0 || column >= map.Width) continue;
                    window.Add(input.Content[(((((image * map.Height) + row) * map.Width) + column) * geometry.Pitch) + c]);
                }
                Compare(output.Content[(i * geometry.OutputPitch) + c], expected(window), map, i, c);
            }
        }
    }

    // Two parts, one of which may be empty, as for two threads.
    private static void InParts(int length, Random random, Action<Range> compute)
    {
        int middle = random.Next(length + 1);
        compute(middle..length);
        compute(0..middle);
    }

    private static void Compare(float actual, double expected, Map map, int pixel, int channel)
    {
        if (!(Math.Abs(actual - expected) <= Rounding))
            actual.Should().Be((float)expected, "{0}, pixel {1}, channel {2}", map, pixel, channel);
    }

    private readonly record struct Map(int Images, int Height, int Width, int Channels, int Seed)
    {
        internal Geometry Windows(int outputHeight, int outputWidth) => new()
        {
            Images = Images, Height = Height, Width = Width, Pitch = KernelSet.Channels(Channels),
            OutputHeight = outputHeight, OutputWidth = outputWidth, OutputPitch = KernelSet.Channels(Channels),
        };
    }
}
