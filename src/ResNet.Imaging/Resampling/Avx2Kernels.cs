using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Imaging.Resampling;

/// <summary>The resampler's loops with AVX2.</summary>
/// <remarks>
/// The main instruction multiplies pairs of 16-bit numbers and adds the two products. A weight has 22 binary places, so it is
/// split into two numbers, <c>weight = high × 2^11 + low</c>, each small enough that a pair never overflows. The sums of the
/// products with the upper and the lower numbers are combined at the end, modulo 2^32, which is exact.
/// </remarks>
internal sealed unsafe class Avx2Kernels : IResamplingKernels
{
    private const int LowBits = 11;

    // Pixels of a line that are computed together, in four vectors, with a pixel in each half.
    private const int Block = 8;

    // 16-bit numbers in a vector.
    private const int Shorts = 16;

    // All are pinned, so that pointers into them stay valid.
    private int[] _offsets = [];
    private short[] _lineWeights = [];
    private int[] _columnWeights = [];

    private int _blocks;
    private int _steps;
    private int _channels;
    private int _columnPairs;
    private int _linesVersion;
    private int _columnsVersion;

    public int LineReach { get; private set; }

    // Taps of a pixel that are multiplied together.
    private int TapsAtOnce => _channels == 3 ? 2 : 8;

    public void UseForLines(ResamplingFilter filter, int channels)
    {
        if (filter.Version == _linesVersion && channels == _channels)
            return;
        _linesVersion = 0;
        _channels = channels;
        _blocks = (filter.Count + Block - 1) / Block;
        _steps = (filter.Taps + TapsAtOnce - 1) / TapsAtOnce;
        Reserve(ref _offsets, _blocks * Block);
        var packed = checked(_blocks * (Block / 2) * _steps * 2 * Shorts);
        Reserve(ref _lineWeights, packed);
        // Pixels beyond the last one are computed from the first source pixels and never read.
        _offsets.AsSpan(filter.Count..).Clear();
        _lineWeights.AsSpan(0, packed).Clear();

        LineReach = 0;
        for (var x = 0; x < filter.Count; x++)
        {
            _offsets[x] = filter.First[x] * channels;
            LineReach = Math.Max(LineReach, _offsets[x]);
            PackForLine(filter, x);
        }
        // The last step reads 16 bytes.
        LineReach += (((_steps * TapsAtOnce) - 1) * channels) + Shorts;
        _linesVersion = filter.Version;
    }

    public void UseForColumns(ResamplingFilter filter)
    {
        if (filter.Version == _columnsVersion)
            return;
        _columnsVersion = 0;
        _columnPairs = (filter.Taps + 1) / 2;
        Reserve(ref _columnWeights, checked(filter.Count * _columnPairs * 2));
        var packed = 0;
        for (var y = 0; y < filter.Count; y++)
        {
            var weights = filter.Weights.AsSpan(y * filter.Taps, filter.Taps);
            for (var tap = 0; tap < weights.Length; tap += 2)
            {
                var (first, second) = (Split(weights[tap]), Split(tap + 1 < weights.Length ? weights[tap + 1] : 0));
                _columnWeights[packed++] = Pair(first.High, second.High);
                _columnWeights[packed++] = Pair(first.Low, second.Low);
            }
        }
        _columnsVersion = filter.Version;
    }

    public void ResampleLine(byte* source, byte* target)
    {
        if (_channels == 3)
            ResampleRgb(source, target);
        else
            ResampleGrey(source, target);
    }

    public void BlendLines(int y, byte** lines, byte* target, int length)
    {
        var weights = Pointer(_columnWeights) + (y * _columnPairs * 2);
        var vector = Vector256<byte>.Count;
        if (length < vector)
        {
            BlendFew(weights, lines, target, length);
            return;
        }
        for (var i = 0; i < length - vector; i += vector)
            Blend32(weights, lines, i).Store(target + i);
        Blend32(weights, lines, length - vector).Store(target + length - vector);
    }

    private static T* Pointer<T>(T[] pinned) where T : unmanaged => (T*)Unsafe.AsPointer(ref pinned[0]);

    private static void Reserve<T>(ref T[] pinned, int length)
    {
        if (pinned.Length < length)
            pinned = GC.AllocateUninitializedArray<T>(length, pinned: true);
    }

    private static (int High, int Low) Split(int weight)
    {
        var high = (weight + (1 << (LowBits - 1))) >> LowBits;
        return (high, weight - (high << LowBits));
    }

    private static int Pair(int first, int second) => (first & 0xFFFF) | (second << 16);

    // Writes the pixel's half of two vectors for each step: the upper numbers, then the lower ones. Three channels share a pair
    // of weights; one channel has a pair for each pair of taps.
    private void PackForLine(ResamplingFilter filter, int x)
    {
        var (block, inBlock) = (x / Block, x % Block);
        var vector = ((block * (Block / 2)) + (inBlock % 4)) * _steps * 2;
        var packed = _lineWeights.AsSpan((vector * Shorts) + (inBlock / 4 * (Shorts / 2)));
        for (var tap = 0; tap < filter.Taps; tap++)
        {
            var (high, low) = Split(filter.Weights[(x * filter.Taps) + tap]);
            var step = tap / TapsAtOnce * 2 * Shorts;
            for (var i = tap % TapsAtOnce; i < Shorts / 2; i += TapsAtOnce)
                (packed[step + i], packed[step + Shorts + i]) = ((short)high, (short)low);
        }
    }

    private void ResampleRgb(byte* source, byte* target)
    {
        // Drops the unused fourth byte of each pixel.
        var dense = Vector256.Create(Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80));
        var offsets = Pointer(_offsets);
        var weights = Pointer(_lineWeights);
        var (steps, stride) = (_steps, _steps * 2 * Shorts);
        for (var block = _blocks; block > 0; block--, offsets += Block, weights += 4 * stride, target += Block * 3)
        {
            var first = RgbPair(source + offsets[0], source + offsets[4], weights, steps);
            var second = RgbPair(source + offsets[1], source + offsets[5], weights + stride, steps);
            var third = RgbPair(source + offsets[2], source + offsets[6], weights + (2 * stride), steps);
            var fourth = RgbPair(source + offsets[3], source + offsets[7], weights + (3 * stride), steps);
            var pixels = Avx2.Shuffle(
                Avx2.PackUnsignedSaturate(Avx2.PackSignedSaturate(first, second), Avx2.PackSignedSaturate(third, fourth)), dense);
            pixels.GetLower().Store(target);
            pixels.GetUpper().Store(target + (Block / 2 * 3));
        }
    }

    // Computes two pixels of three channels, one in each half. A load of 16 bytes has the four taps of two steps.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> RgbPair(byte* lower, byte* upper, short* weights, int steps)
    {
        var high = Vector256<int>.Zero;
        var low = Vector256.Create(ResamplingFilter.Half);
        var firstTwo = Vector256.Create(
            Vector128.Create((byte)0, 0x80, 3, 0x80, 1, 0x80, 4, 0x80, 2, 0x80, 5, 0x80, 0x80, 0x80, 0x80, 0x80));
        var nextTwo = Vector256.Create(
            Vector128.Create((byte)6, 0x80, 9, 0x80, 7, 0x80, 10, 0x80, 8, 0x80, 11, 0x80, 0x80, 0x80, 0x80, 0x80));
        for (; steps > 1; steps -= 2, lower += 12, upper += 12, weights += 4 * Shorts)
        {
            var pixels = Vector256.Create(Vector128.Load(lower), Vector128.Load(upper));
            Add(ref high, ref low, Avx2.Shuffle(pixels, firstTwo).AsInt16(), weights);
            Add(ref high, ref low, Avx2.Shuffle(pixels, nextTwo).AsInt16(), weights + (2 * Shorts));
        }
        if (steps == 1)
        {
            var pixels = Vector256.Create(Vector128.Load(lower), Vector128.Load(upper));
            Add(ref high, ref low, Avx2.Shuffle(pixels, firstTwo).AsInt16(), weights);
        }
        return Round(high, low);
    }

    private void ResampleGrey(byte* source, byte* target)
    {
        var offsets = Pointer(_offsets);
        var weights = Pointer(_lineWeights);
        var (steps, stride) = (_steps, _steps * 2 * Shorts);
        for (var block = _blocks; block > 0; block--, offsets += Block, weights += 4 * stride, target += Block)
        {
            var first = GreyPair(source + offsets[0], source + offsets[4], weights, steps);
            var second = GreyPair(source + offsets[1], source + offsets[5], weights + stride, steps);
            var third = GreyPair(source + offsets[2], source + offsets[6], weights + (2 * stride), steps);
            var fourth = GreyPair(source + offsets[3], source + offsets[7], weights + (3 * stride), steps);
            var sums = Avx2.HorizontalAdd(Avx2.HorizontalAdd(first, second), Avx2.HorizontalAdd(third, fourth));
            var rounded = (sums + Vector256.Create(ResamplingFilter.Half)) >> ResamplingFilter.PrecisionBits;
            var words = Sse2.PackSignedSaturate(rounded.GetLower(), rounded.GetUpper());
            Sse2.StoreScalar((long*)target, Sse2.PackUnsignedSaturate(words, words).AsInt64());
        }
    }

    // Computes two pixels of one channel, one in each half, as four partial sums.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> GreyPair(byte* lower, byte* upper, short* weights, int steps)
    {
        var high = Vector256<int>.Zero;
        var low = Vector256<int>.Zero;
        for (; steps > 0; steps--, lower += 8, upper += 8, weights += 2 * Shorts)
        {
            var pixels = Sse2.UnpackLow(Sse2.LoadScalarVector128((ulong*)lower), Sse2.LoadScalarVector128((ulong*)upper)).AsByte();
            Add(ref high, ref low, Avx2.ConvertToVector256Int16(pixels), weights);
        }
        return (high << LowBits) + low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Vector256<int> high, ref Vector256<int> low, Vector256<short> pixels, short* weights)
    {
        high += Avx2.MultiplyAddAdjacent(pixels, Vector256.Load(weights));
        low += Avx2.MultiplyAddAdjacent(pixels, Vector256.Load(weights + Shorts));
    }

    // Unpacking and packing both work within halves, so the columns stay in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<byte> Blend32(int* weights, byte** lines, int i)
    {
        Vector256<int> high0, high1, high2, high3, low0, low1, low2, low3;
        high0 = high1 = high2 = high3 = Vector256<int>.Zero;
        low0 = low1 = low2 = low3 = Vector256.Create(ResamplingFilter.Half);
        for (var pair = 0; pair < _columnPairs; pair++, weights += 2, lines += 2)
        {
            var (first, second) = (Vector256.Load(lines[0] + i), Vector256.Load(lines[1] + i));
            var (lower, upper) = (Avx2.UnpackLow(first, second), Avx2.UnpackHigh(first, second));
            var (high, low) = (Vector256.Create(weights[0]).AsInt16(), Vector256.Create(weights[1]).AsInt16());
            Add(ref high0, ref low0, Avx2.UnpackLow(lower, Vector256<byte>.Zero), high, low);
            Add(ref high1, ref low1, Avx2.UnpackHigh(lower, Vector256<byte>.Zero), high, low);
            Add(ref high2, ref low2, Avx2.UnpackLow(upper, Vector256<byte>.Zero), high, low);
            Add(ref high3, ref low3, Avx2.UnpackHigh(upper, Vector256<byte>.Zero), high, low);
        }
        return Avx2.PackUnsignedSaturate(
            Avx2.PackSignedSaturate(Round(high0, low0), Round(high1, low1)),
            Avx2.PackSignedSaturate(Round(high2, low2), Round(high3, low3)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref Vector256<int> high, ref Vector256<int> low, Vector256<byte> pixels, Vector256<short> highWeights, Vector256<short> lowWeights)
    {
        high += Avx2.MultiplyAddAdjacent(pixels.AsInt16(), highWeights);
        low += Avx2.MultiplyAddAdjacent(pixels.AsInt16(), lowWeights);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(Vector256<int> high, Vector256<int> low) =>
        ((high << LowBits) + low) >> ResamplingFilter.PrecisionBits;

    private void BlendFew(int* weights, byte** lines, byte* target, int length)
    {
        for (var i = 0; i < length; i++)
        {
            var (high, low) = (0, ResamplingFilter.Half);
            for (var pair = 0; pair < _columnPairs; pair++)
            {
                var (first, second) = (lines[2 * pair][i], lines[(2 * pair) + 1][i]);
                high += (first * (short)weights[2 * pair]) + (second * (weights[2 * pair] >> 16));
                low += (first * (short)weights[(2 * pair) + 1]) + (second * (weights[(2 * pair) + 1] >> 16));
            }
            target[i] = (byte)Math.Clamp(((high << LowBits) + low) >> ResamplingFilter.PrecisionBits, byte.MinValue, byte.MaxValue);
        }
    }
}
