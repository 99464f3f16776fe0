using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResNet.Imaging.Resampling;

/// <summary>The resampler's loops for all processors: vectors of 128 bits, and 32-bit products.</summary>
internal sealed unsafe class PortableKernels : IResamplingKernels
{
    private ResamplingFilter _columns = new();
    private ResamplingFilter _rows = new();
    private int _channels;

    public int LineReach { get; private set; }

    public void UseForLines(ResamplingFilter filter, int channels)
    {
        (_columns, _channels) = (filter, channels);
        var last = 0;
        foreach (var first in filter.First.AsSpan(0, filter.Count))
            last = Math.Max(last, first + filter.Taps);
        // A pixel of three bytes is read as four bytes.
        LineReach = (last * channels) + 1;
    }

    public void UseForColumns(ResamplingFilter filter) => _rows = filter;

    public void ResampleLine(byte* source, byte* target)
    {
        fixed (int* first = _columns.First, weights = _columns.Weights)
        {
            if (_channels == 3)
                ResampleRgb(source, target, first, weights);
            else
                ResampleGrey(source, target, first, weights);
        }
    }

    public void BlendLines(int y, byte** lines, byte* target, int length)
    {
        fixed (int* allWeights = _rows.Weights)
        {
            var taps = _rows.Taps;
            var weights = allWeights + (y * taps);
            var i = 0;
            for (; i <= length - Vector128<byte>.Count; i += Vector128<byte>.Count)
                Blend16(weights, taps, lines, i).Store(target + i);
            for (; i < length; i++)
            {
                var sum = ResamplingFilter.Half;
                for (var tap = 0; tap < taps; tap++)
                    sum += lines[tap][i] * weights[tap];
                target[i] = Round(sum);
            }
        }
    }

    private void ResampleRgb(byte* source, byte* target, int* first, int* weights)
    {
        var taps = _columns.Taps;
        for (var x = 0; x < _columns.Count; x++, weights += taps, target += 3)
        {
            var pixels = source + (first[x] * 3);
            // The three channels are one vector, whose fourth element, the next pixel's red, is unused.
            var sum = Vector128.Create(ResamplingFilter.Half);
            for (var tap = 0; tap < taps; tap++)
                sum += Widen(Unsafe.ReadUnaligned<uint>(pixels + (tap * 3))) * weights[tap];
            (target[0], target[1], target[2]) = (Round(sum[0]), Round(sum[1]), Round(sum[2]));
        }
    }

    private void ResampleGrey(byte* source, byte* target, int* first, int* weights)
    {
        var taps = _columns.Taps;
        for (var x = 0; x < _columns.Count; x++, weights += taps)
        {
            var pixels = source + first[x];
            var sum = ResamplingFilter.Half;
            for (var tap = 0; tap < taps; tap++)
                sum += pixels[tap] * weights[tap];
            target[x] = Round(sum);
        }
    }

    private static Vector128<byte> Blend16(int* weights, int taps, byte** lines, int i)
    {
        Vector128<int> first, second, third, fourth;
        first = second = third = fourth = Vector128.Create(ResamplingFilter.Half);
        for (var tap = 0; tap < taps; tap++)
        {
            var (lower, upper) = Vector128.Widen(Vector128.Load(lines[tap] + i));
            var (lowest, low) = Vector128.Widen(lower.AsInt16());
            var (high, highest) = Vector128.Widen(upper.AsInt16());
            first += lowest * weights[tap];
            second += low * weights[tap];
            third += high * weights[tap];
            fourth += highest * weights[tap];
        }
        return Vector128.Narrow(Vector128.Narrow(Round(first), Round(second)), Vector128.Narrow(Round(third), Round(fourth))).AsByte();
    }

    private static Vector128<int> Widen(uint pixel) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte())).AsInt32();

    private static byte Round(int sum) => (byte)Math.Clamp(sum >> ResamplingFilter.PrecisionBits, byte.MinValue, byte.MaxValue);

    private static Vector128<int> Round(Vector128<int> sums) =>
        Vector128.Min(Vector128.Max(sums >> ResamplingFilter.PrecisionBits, Vector128<int>.Zero), Vector128.Create((int)byte.MaxValue));
}
