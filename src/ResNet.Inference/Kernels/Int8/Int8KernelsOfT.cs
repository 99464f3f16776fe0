using System.Runtime.CompilerServices;
using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels.Int8;

/// <inheritdoc/>
internal sealed unsafe class Int8Kernels<T, TFloats>() : Int8Kernels(T.Count)
    where T : unmanaged, IQuads<T, TFloats>
    where TFloats : unmanaged, IVector<TFloats>
{
    // The weights of a block of panels stay in the second-level cache while all pixels of a part pass them.
    private const int CachedBytes = 256 * 1024;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Convolve(in Convolution<byte, Int8Epilogue> convolution, Range tiles, Range panels)
    {
        int taps = convolution.Geometry.Taps;
        int words = convolution.Depth / Quad;
        byte** rows = stackalloc byte*[taps * Rows];
        int* sums = stackalloc int[Rows * 2 * T.Count];
        long panelBytes = (long)taps * convolution.Depth * convolution.Panels[panels.Start.Value].Vectors * T.Count;
        int together = (int)Math.Clamp(CachedBytes / panelBytes, 1, panels.End.Value);
        for (int first = panels.Start.Value; first < panels.End.Value; first += together)
        {
            int end = Math.Min(first + together, panels.End.Value);
            for (int tile = tiles.Start.Value; tile < tiles.End.Value; tile++)
            {
                convolution.FindRows(tile * Rows, Rows, 0, taps, rows);
                for (int p = first; p < end; p++)
                {
                    ref readonly var panel = ref convolution.Panels[p];
                    byte* weights = (byte*)convolution.Weights + panel.Weights;
                    int* start = (int*)convolution.Epilogue.Start + panel.Column;
                    if (panel.Vectors == 2) Tile2(rows, taps, words, weights, start, sums);
                    else Tile1(rows, taps, words, weights, start, sums);
                    Finish(convolution, tile * Rows, panel, sums);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Quantize(float* input, float factor, float zero, byte* output, long begin, long end)
    {
        TFloats factors = TFloats.Broadcast(factor), zeros = TFloats.Broadcast(zero);
        for (long i = begin; i < end; i += T.Count) T.StoreBytes((TFloats.Load(input + i) * factors) + zeros, output + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(byte** rows, int taps, nint words, byte* panel, int* start, int* target)
    {
        T a0 = T.Load(start), b0 = T.Load(start + T.Count);
        T a1 = a0, b1 = b0;
        T a2 = a0, b2 = b0;
        T a3 = a0, b3 = b0;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            byte* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3];
            for (nint k = 0; k < words * Quad; k += Quad, panel += 2 * Quad * T.Count)
            {
                T a = T.Load(panel), b = T.Load(panel + (Quad * T.Count));
                var x0 = T.Broadcast(row0 + k);
                a0 = T.MultiplyAdd(x0, a, a0);
                b0 = T.MultiplyAdd(x0, b, b0);
                var x1 = T.Broadcast(row1 + k);
                a1 = T.MultiplyAdd(x1, a, a1);
                b1 = T.MultiplyAdd(x1, b, b1);
                var x2 = T.Broadcast(row2 + k);
                a2 = T.MultiplyAdd(x2, a, a2);
                b2 = T.MultiplyAdd(x2, b, b2);
                var x3 = T.Broadcast(row3 + k);
                a3 = T.MultiplyAdd(x3, a, a3);
                b3 = T.MultiplyAdd(x3, b, b3);
            }
        }
        T.Store(a0, target);
        T.Store(b0, target + T.Count);
        T.Store(a1, target + (2 * T.Count));
        T.Store(b1, target + (3 * T.Count));
        T.Store(a2, target + (4 * T.Count));
        T.Store(b2, target + (5 * T.Count));
        T.Store(a3, target + (6 * T.Count));
        T.Store(b3, target + (7 * T.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte** rows, int taps, nint words, byte* panel, int* start, int* target)
    {
        T a0 = T.Load(start);
        T a1 = a0;
        T a2 = a0;
        T a3 = a0;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            byte* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3];
            for (nint k = 0; k < words * Quad; k += Quad, panel += Quad * T.Count)
            {
                T a = T.Load(panel);
                a0 = T.MultiplyAdd(T.Broadcast(row0 + k), a, a0);
                a1 = T.MultiplyAdd(T.Broadcast(row1 + k), a, a1);
                a2 = T.MultiplyAdd(T.Broadcast(row2 + k), a, a2);
                a3 = T.MultiplyAdd(T.Broadcast(row3 + k), a, a3);
            }
        }
        T.Store(a0, target);
        T.Store(a1, target + T.Count);
        T.Store(a2, target + (2 * T.Count));
        T.Store(a3, target + (3 * T.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish(in Convolution<byte, Int8Epilogue> convolution, int pixel, in Panel panel, int* sums)
    {
        var g = convolution.Geometry;
        var epilogue = convolution.Epilogue;
        int count = Math.Min(Rows, g.Pixels - pixel);
        int width = panel.Vectors * T.Count;
        TFloats addZero = TFloats.Broadcast(epilogue.AddZero), addFactor = TFloats.Broadcast(epilogue.AddFactor);
        var zero = TFloats.Broadcast(epilogue.Zero);
        for (int r = 0; r < count; r++, sums += width)
        {
            long place = ((long)(pixel + r) * g.OutputPitch) + panel.Column;
            for (int c = 0; c < width; c += T.Count, place += T.Count)
            {
                int column = panel.Column + c;
                // A multiplication and an addition that are rounded once would give other results on other processors.
                var value = (T.ToFloats(T.Load(sums + c)) * TFloats.Load((float*)epilogue.Factor + column))
                    + TFloats.Load((float*)epilogue.Bias + column);
                if (epilogue.Add != 0)
                {
                    var added = epilogue.AddsFloats
                        ? TFloats.Load((float*)epilogue.Add + place)
                        : T.LoadBytes((byte*)epilogue.Add + place) - addZero;
                    value += added * addFactor;
                }
                // NaN passes where floats can tell it; as a byte it is 0.
                if (epilogue.Relu) value = epilogue.GivesFloats ? TFloats.Max(TFloats.Zero, value) : TFloats.Max(value, TFloats.Zero);
                if (epilogue.GivesFloats) TFloats.Store(value, (float*)convolution.Output + place);
                else T.StoreBytes(value + zero, (byte*)convolution.Output + place);
            }
        }
    }
}
