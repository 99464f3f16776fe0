using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ResNet.Training.Data.Imaging;

/// <summary>
/// Antialiased bilinear resizing of 8-bit images, to the bit what Pillow does (<c>src/libImaging/Resample.c</c>): a
/// triangle filter as wide as the reduction, fixed-point weights of 22 bits, rows first and columns second, each rounded
/// to 8 bits.
/// </summary>
/// <remarks>
/// libvips resizes too, but before 8.19 it enlarges half a pixel beside Pillow, its results change with its version, and
/// a small picture costs it twenty times as much.
/// </remarks>
internal static class BilinearResampler
{
    private const int PrecisionBits = 32 - 8 - 2;

    private const uint Half = 1u << (PrecisionBits - 1);

    /// <summary>A rectangle of an image, in pixels.</summary>
    internal readonly record struct Area(int Left, int Top, int Width, int Height);

    /// <summary>Resizes <paramref name="crop"/> and writes a window of the result.</summary>
    /// <param name="source">Interleaved pixels <c>[height, sourceWidth, channels]</c>.</param>
    /// <param name="sourceWidth">The width of the whole source.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="crop">The part of the source that is resized; nothing outside it has any influence.</param>
    /// <param name="scaledWidth">The width of the resized crop.</param>
    /// <param name="scaledHeight">The height of the resized crop.</param>
    /// <param name="window">The part of the resized crop that is wanted.</param>
    /// <param name="destination">Interleaved pixels <c>[window.Height, window.Width, channels]</c>.</param>
    public static void Resample(
        ReadOnlySpan<byte> source, int sourceWidth, int channels, Area crop, int scaledWidth, int scaledHeight, Area window, Span<byte> destination)
    {
        using var columns = new Filter(crop.Width, scaledWidth, window.Left, window.Width);
        using var rows = new Filter(crop.Height, scaledHeight, window.Top, window.Height);

        var stride = window.Width * channels;
        var firstRow = rows.First[0];
        var rowCount = rows.First[window.Height - 1] + rows.Count[window.Height - 1] - firstRow;
        var narrowed = ArrayPool<byte>.Shared.Rent(checked(rowCount * stride));
        for (var row = 0; row < rowCount; row++)
        {
            var start = ((crop.Top + firstRow + row) * sourceWidth) + crop.Left;
            var line = source.Slice(start * channels, crop.Width * channels);
            var target = narrowed.AsSpan(row * stride, stride);
            if (crop.Width == scaledWidth)
                line.Slice(window.Left * channels, stride).CopyTo(target);
            else if (channels == 3)
                ResampleRgbLine(line, columns, target);
            else
                ResampleGreyLine(line, columns, target);
        }

        if (crop.Height == scaledHeight)
            narrowed.AsSpan(0, destination.Length).CopyTo(destination);
        else
            ResampleColumns(narrowed, stride, firstRow, rows, destination);
        ArrayPool<byte>.Shared.Return(narrowed);
    }

    private static void ResampleGreyLine(ReadOnlySpan<byte> line, Filter filter, Span<byte> target)
    {
        for (var x = 0; x < target.Length; x++)
        {
            var weights = filter.Weights(x);
            var pixels = line.Slice(filter.First[x], weights.Length);
            var sum = Half;
            for (var tap = 0; tap < weights.Length; tap++)
                sum += pixels[tap] * weights[tap];
            target[x] = Round(sum);
        }
    }

    private static void ResampleRgbLine(ReadOnlySpan<byte> line, Filter filter, Span<byte> target)
    {
        for (var x = 0; x * 3 < target.Length; x++)
        {
            var weights = filter.Weights(x);
            var pixels = line.Slice(filter.First[x] * 3, weights.Length * 3);
            // The three channels are one vector, with the next pixel's red as a fourth that nobody reads; only the last
            // pixel has no next one.
            var last = pixels[^3..];
            var sum = Vector128.Create(Half) + (Vector128.Create(last[0], last[1], last[2], 0u) * weights[^1]);
            for (var tap = 0; tap < weights.Length - 1; tap++)
                sum += Widen(MemoryMarshal.Read<uint>(pixels[(tap * 3)..])) * weights[tap];

            var pixel = target.Slice(x * 3, 3);
            pixel[0] = Round(sum[0]);
            pixel[1] = Round(sum[1]);
            pixel[2] = Round(sum[2]);
        }
    }

    private static Vector128<uint> Widen(uint pixel) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte()));

    private static void ResampleColumns(ReadOnlySpan<byte> lines, int stride, int firstRow, Filter filter, Span<byte> destination)
    {
        for (var y = 0; y * stride < destination.Length; y++)
        {
            var weights = filter.Weights(y);
            var sources = lines.Slice((filter.First[y] - firstRow) * stride, weights.Length * stride);
            BlendLines(sources, stride, weights, destination.Slice(y * stride, stride));
        }
    }

    private static void BlendLines(ReadOnlySpan<byte> lines, int stride, ReadOnlySpan<uint> weights, Span<byte> target)
    {
        var i = 0;
        for (; i <= stride - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector<uint> first, second, third, fourth;
            first = second = third = fourth = Vector.Create(Half);
            for (var tap = 0; tap < weights.Length; tap++)
            {
                var samples = new Vector<byte>(lines[((tap * stride) + i)..]);
                Vector.Widen(samples, out var lower, out var upper);
                Vector.Widen(lower, out var lowest, out var low);
                Vector.Widen(upper, out var high, out var highest);
                first += lowest * weights[tap];
                second += low * weights[tap];
                third += high * weights[tap];
                fourth += highest * weights[tap];
            }
            Vector.Narrow(Vector.Narrow(Round(first), Round(second)), Vector.Narrow(Round(third), Round(fourth))).CopyTo(target[i..]);
        }
        for (; i < stride; i++)
        {
            var sum = Half;
            for (var tap = 0; tap < weights.Length; tap++)
                sum += lines[(tap * stride) + i] * weights[tap];
            target[i] = Round(sum);
        }
    }

    private static byte Round(uint sum) => (byte)Math.Min(sum >> PrecisionBits, byte.MaxValue);

    private static Vector<uint> Round(Vector<uint> sums) => Vector.Min(sums >> PrecisionBits, Vector.Create((uint)byte.MaxValue));

    /// <summary>For every pixel of a window of the result: the source pixels it is made of, and their weights.</summary>
    private readonly ref struct Filter : IDisposable
    {
        public readonly int[] First;
        public readonly int[] Count;
        private readonly uint[] _weights;
        private readonly int _taps;

        public Filter(int sourceLength, int scaledLength, int windowStart, int windowLength)
        {
            var scale = (double)sourceLength / scaledLength;
            var support = Math.Max(scale, 1.0);
            _taps = ((int)Math.Ceiling(support) * 2) + 1;
            First = ArrayPool<int>.Shared.Rent(windowLength);
            Count = ArrayPool<int>.Shared.Rent(windowLength);
            _weights = ArrayPool<uint>.Shared.Rent(checked(windowLength * _taps));

            Span<double> triangle = _taps <= 256 ? stackalloc double[_taps] : new double[_taps];
            for (var i = 0; i < windowLength; i++)
            {
                var centre = (windowStart + i + 0.5) * scale;
                First[i] = Math.Max(0, (int)(centre - support + 0.5));
                Count[i] = Math.Min(sourceLength, (int)(centre + support + 0.5)) - First[i];

                var total = 0.0;
                for (var tap = 0; tap < Count[i]; tap++)
                {
                    var distance = Math.Abs((tap + First[i] - centre + 0.5) * (1.0 / support));
                    triangle[tap] = distance < 1.0 ? 1.0 - distance : 0.0;
                    total += triangle[tap];
                }
                for (var tap = 0; tap < Count[i]; tap++)
                    _weights[(i * _taps) + tap] = (uint)(0.5 + (triangle[tap] / total * (1 << PrecisionBits)));
            }
        }

        public ReadOnlySpan<uint> Weights(int i) => _weights.AsSpan(i * _taps, Count[i]);

        public void Dispose()
        {
            ArrayPool<int>.Shared.Return(First);
            ArrayPool<int>.Shared.Return(Count);
            ArrayPool<uint>.Shared.Return(_weights);
        }
    }
}
