using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ResNet.Inference.Kernels.Int8;

namespace ResNet.Inference.Kernels;

/// <summary>Brings the weights of a panel into the order in which the innermost loop reads them.</summary>
internal static unsafe class WeightPacking
{
    /// <summary>The taps of a 3×3 convolution.</summary>
    internal const int Taps = 9;

    // A cache line of floats: so many weights of an output channel are read at once.
    private const int Line = Ahead.CacheLine / sizeof(float);

    // So many input channels of an output channel are read at once.
    private const int InputsAtOnce = 8;

    // G of Lavin and Gray 2015, for tiles of 2×2 and 4×4.
    private static readonly double[] s_transform2 = [1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1];

    private static readonly double[] s_transform4 =
    [
        1.0 / 4, 0, 0, -1.0 / 6, -1.0 / 6, -1.0 / 6, -1.0 / 6, 1.0 / 6, -1.0 / 6,
        1.0 / 24, 1.0 / 12, 1.0 / 6, 1.0 / 24, -1.0 / 12, 1.0 / 6, 0, 0, 1,
    ];

    /// <summary>Copies weights for products.</summary>
    /// <param name="source">The weights of the panel's first output channel.</param>
    /// <param name="places">The row of the panel for each weight of an output channel; there are as many.</param>
    /// <param name="shifts">For each output channel of the panel, what is added to these rows; there are as many.</param>
    /// <param name="target">The panel <c>[taps · depth, lanes]</c>, cleared.</param>
    /// <param name="lanes">The panel's width in floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy(float* source, ReadOnlySpan<int> places, ReadOnlySpan<int> shifts, float* target, int lanes)
    {
        int length = places.Length;
        for (int first = 0; first < length; first += Line)
        {
            int end = Math.Min(first + Line, length);
            for (int lane = 0; lane < shifts.Length; lane++)
            {
                float* weights = source + ((long)lane * length);
                float* column = target + ((long)shifts[lane] * lanes) + lane;
                for (int i = first; i < end; i++) column[(long)places[i] * lanes] = weights[i];
            }
        }
    }

    /// <summary>Copies 8-bit weights for products, four input channels of an output channel side by side.</summary>
    /// <param name="source">The weights of the panel's first output channel.</param>
    /// <param name="places">For each weight of an output channel, tap · depth + input channel; there are as many.</param>
    /// <param name="target">The panel <c>[taps · depth / 4, lanes, 4]</c>, cleared.</param>
    /// <param name="lanes">The panel's width in output channels.</param>
    /// <param name="sums">Receives the sum of the weights of each output channel of the panel; there are as many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy(ReadOnlySpan<sbyte> source, ReadOnlySpan<int> places, sbyte* target, int lanes, Span<int> sums)
    {
        const int Quad = Int8Kernels.Quad;
        int length = places.Length;
        sums.Clear();
        for (int first = 0; first < length; first += Ahead.CacheLine)
        {
            int end = Math.Min(first + Ahead.CacheLine, length);
            for (int lane = 0; lane < sums.Length; lane++)
            {
                var weights = source.Slice((lane * length) + first, end - first);
                sbyte* column = target + (lane * Quad);
                int sum = 0;
                for (int i = 0; i < weights.Length; i++)
                {
                    int place = places[first + i];
                    column[((long)(place / Quad) * Quad * lanes) + (place % Quad)] = weights[i];
                    sum += weights[i];
                }
                sums[lane] += sum;
            }
        }
    }

    /// <summary>Transforms the weights of a 3×3 convolution for Winograd's algorithm, in double precision.</summary>
    /// <param name="source">The weights of the panel's first output channel and the first input channel, 9 taps each.</param>
    /// <param name="outputs">The number of output channels, at most <paramref name="lanes"/>; the other lanes become 0.</param>
    /// <param name="input">The input channels.</param>
    /// <param name="order">Where the weights of the other channels are.</param>
    /// <param name="size">The side of an output tile: 2 or 4.</param>
    /// <param name="target">The panel <c>[input, lanes]</c> of the first element of the transformed tile.</param>
    /// <param name="element">The floats from an element of the transformed tile to the next.</param>
    /// <param name="lanes">The panel's width in floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transform(
        float* source, int outputs, int input, in WeightOrder order, int size, float* target, long element, int lanes)
    {
        long outputStep = order.Output, inputStep = order.Input;
        // The first tap, and the way to the next one.
        int first = order.IsTurned ? Taps - 1 : 0, next = order.IsTurned ? -1 : 1;
        int side = size + 2, width = Vector<float>.Count, half = Vector<double>.Count;
        int padded = (lanes + width - 1) / width * width;
        fixed (double* factors = size == 4 ? s_transform4 : s_transform2)
        {
            // All output channels of an input channel: its taps, those transformed by columns, and the transformed tile.
            double* taps = stackalloc double[Taps * padded];
            double* columns = stackalloc double[side * 3 * width];
            float* tile = stackalloc float[side * side * padded];
            new Span<double>(taps, Taps * padded).Clear();
            // Weights of output channels that lie far from each other would share few places of the caches.
            bool areCopied = outputStep > Taps;
            float* copy = stackalloc float[areCopied ? InputsAtOnce * Taps * lanes : 0];
            for (int i = 0; i < input; i++)
            {
                float* near = source + (i * inputStep);
                if (areCopied)
                {
                    int place = i % InputsAtOnce;
                    if (place == 0) CopyNear(near, outputs, outputStep, Math.Min(InputsAtOnce, input - i) * Taps, copy);
                    near = copy + (place * Taps);
                }
                long laneStep = areCopied ? InputsAtOnce * Taps : outputStep;
                for (int lane = 0; lane < outputs; lane++)
                {
                    float* weights = near + (lane * laneStep) + first;
                    for (int tap = 0; tap < Taps; tap++, weights += next) taps[(tap * padded) + lane] = *weights;
                }
                for (int lane = 0; lane < padded; lane += width)
                {
                    for (int x = 0; x < 3; x++)
                    {
                        double* column = taps + (x * padded) + lane;
                        for (int r = 0; r < side; r++)
                        {
                            for (int part = 0; part < width; part += half)
                            {
                                Store(
                                    columns + (((r * 3) + x) * width) + part,
                                    Sum(factors + (3 * r), column + part, column + (3 * padded) + part, column + (6 * padded) + part));
                            }
                        }
                    }
                    for (int r = 0; r < side; r++)
                    {
                        double* row = columns + (r * 3 * width);
                        for (int c = 0; c < side; c++)
                        {
                            var low = Sum(factors + (3 * c), row, row + width, row + (2 * width));
                            var high = Sum(factors + (3 * c), row + half, row + width + half, row + (2 * width) + half);
                            Unsafe.WriteUnaligned(tile + (((r * side) + c) * padded) + lane, Vector.Narrow(low, high));
                        }
                    }
                }
                for (int e = 0; e < side * side; e++)
                {
                    Write(tile + (e * padded), target + (e * element) + ((long)i * lanes), lanes);
                }
            }
        }
    }

    private static void CopyNear(float* source, int outputs, long outputStep, int count, float* copy)
    {
        for (int lane = 0; lane < outputs; lane++, source += outputStep, copy += InputsAtOnce * Taps)
            new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(copy, count));
    }

    // Transformed weights are many and needed later: they pass the caches by, if they are whole cache lines.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(float* source, float* target, int lanes)
    {
        if (!Vector256.IsHardwareAccelerated || lanes % Line != 0 || (nint)target % Ahead.CacheLine != 0)
        {
            new ReadOnlySpan<float>(source, lanes).CopyTo(new Span<float>(target, lanes));
            return;
        }
        for (int lane = 0; lane < lanes; lane += Line)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Vector512.StoreAlignedNonTemporal(Vector512.Load(source + lane), target + lane);
                continue;
            }
            Vector256.StoreAlignedNonTemporal(Vector256.Load(source + lane), target + lane);
            Vector256.StoreAlignedNonTemporal(Vector256.Load(source + lane + (Line / 2)), target + lane + (Line / 2));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Sum(double* factors, double* first, double* second, double* third) =>
        (Load(first) * factors[0]) + (Load(second) * factors[1]) + (Load(third) * factors[2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Load(double* address) => Unsafe.ReadUnaligned<Vector<double>>(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(double* address, Vector<double> value) => Unsafe.WriteUnaligned(address, value);
}
