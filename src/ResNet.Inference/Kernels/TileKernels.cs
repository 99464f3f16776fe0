using System.Runtime.CompilerServices;
using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels;

/// <summary>
/// The innermost loops: products of a few rows of pixels and a panel of weights. All sums of a tile stay in registers, so each number
/// that is read from the first-level cache takes part in six (weights) or several vectors' (pixels) multiplications.
/// </summary>
/// <remarks>
/// A convolution has a row for each pixel and tap of its kernel ("indirect convolution", Dukhan 2019,
/// https://arxiv.org/abs/1907.02129): a list of pointers, so that neither patches nor borders are ever copied. A 1×1 convolution and
/// the products within Winograd's algorithm have one tap.
/// </remarks>
internal static unsafe class TileKernels
{
    /// <summary>The rows of a tile.</summary>
    internal const int Rows = 6;

    /// <summary>The vectors of the widest tile; with six rows they are 24 sums, four weights and a pixel in 32 registers.</summary>
    internal const int MaximumVectors = 4;

    /// <summary>The rows of as many whole tiles as some rows need.</summary>
    internal static int WholeTiles(int rows) => (rows + Rows - 1) / Rows * Rows;

    /// <summary>Computes a tile.</summary>
    /// <param name="vectors">Its width: 1, 2 or 4 vectors.</param>
    /// <param name="rows">For each tap, the addresses of <see cref="Rows"/> rows of <paramref name="depth"/> floats.</param>
    /// <param name="taps">The number of taps.</param>
    /// <param name="depth">The input channels of a tap.</param>
    /// <param name="panel">The weights <c>[taps, depth, vectors · T.Count]</c>.</param>
    /// <param name="target">The sums; an existing content is overwritten.</param>
    /// <param name="stride">The floats from one row of the target to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Compute<T>(int vectors, float** rows, int taps, nint depth, float* panel, float* target, nint stride)
        where T : unmanaged, IVector<T>
    {
        if (vectors == 4) Tile4<T>(rows, taps, depth, panel, target, stride);
        else if (vectors == 2) Tile2<T>(rows, taps, depth, panel, target, stride);
        else Tile1<T>(rows, taps, depth, panel, target, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4<T>(float** rows, int taps, nint depth, float* panel, float* target, nint stride)
        where T : unmanaged, IVector<T>
    {
        T a0 = T.Zero, b0 = T.Zero, c0 = T.Zero, d0 = T.Zero;
        T a1 = T.Zero, b1 = T.Zero, c1 = T.Zero, d1 = T.Zero;
        T a2 = T.Zero, b2 = T.Zero, c2 = T.Zero, d2 = T.Zero;
        T a3 = T.Zero, b3 = T.Zero, c3 = T.Zero, d3 = T.Zero;
        T a4 = T.Zero, b4 = T.Zero, c4 = T.Zero, d4 = T.Zero;
        T a5 = T.Zero, b5 = T.Zero, c5 = T.Zero, d5 = T.Zero;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            float* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3], row4 = rows[4], row5 = rows[5];
            for (nint k = 0; k < depth; k++, panel += 4 * T.Count)
            {
                T a = T.Load(panel), b = T.Load(panel + T.Count), c = T.Load(panel + (2 * T.Count)), d = T.Load(panel + (3 * T.Count));
                var x0 = T.Broadcast(row0[k]);
                a0 = T.MultiplyAdd(x0, a, a0);
                b0 = T.MultiplyAdd(x0, b, b0);
                c0 = T.MultiplyAdd(x0, c, c0);
                d0 = T.MultiplyAdd(x0, d, d0);
                var x1 = T.Broadcast(row1[k]);
                a1 = T.MultiplyAdd(x1, a, a1);
                b1 = T.MultiplyAdd(x1, b, b1);
                c1 = T.MultiplyAdd(x1, c, c1);
                d1 = T.MultiplyAdd(x1, d, d1);
                var x2 = T.Broadcast(row2[k]);
                a2 = T.MultiplyAdd(x2, a, a2);
                b2 = T.MultiplyAdd(x2, b, b2);
                c2 = T.MultiplyAdd(x2, c, c2);
                d2 = T.MultiplyAdd(x2, d, d2);
                var x3 = T.Broadcast(row3[k]);
                a3 = T.MultiplyAdd(x3, a, a3);
                b3 = T.MultiplyAdd(x3, b, b3);
                c3 = T.MultiplyAdd(x3, c, c3);
                d3 = T.MultiplyAdd(x3, d, d3);
                var x4 = T.Broadcast(row4[k]);
                a4 = T.MultiplyAdd(x4, a, a4);
                b4 = T.MultiplyAdd(x4, b, b4);
                c4 = T.MultiplyAdd(x4, c, c4);
                d4 = T.MultiplyAdd(x4, d, d4);
                var x5 = T.Broadcast(row5[k]);
                a5 = T.MultiplyAdd(x5, a, a5);
                b5 = T.MultiplyAdd(x5, b, b5);
                c5 = T.MultiplyAdd(x5, c, c5);
                d5 = T.MultiplyAdd(x5, d, d5);
            }
        }
        T.Store(a0, target);
        T.Store(b0, target + T.Count);
        T.Store(c0, target + (2 * T.Count));
        T.Store(d0, target + (3 * T.Count));
        T.Store(a1, target + stride);
        T.Store(b1, target + stride + T.Count);
        T.Store(c1, target + stride + (2 * T.Count));
        T.Store(d1, target + stride + (3 * T.Count));
        T.Store(a2, target + (2 * stride));
        T.Store(b2, target + (2 * stride) + T.Count);
        T.Store(c2, target + (2 * stride) + (2 * T.Count));
        T.Store(d2, target + (2 * stride) + (3 * T.Count));
        T.Store(a3, target + (3 * stride));
        T.Store(b3, target + (3 * stride) + T.Count);
        T.Store(c3, target + (3 * stride) + (2 * T.Count));
        T.Store(d3, target + (3 * stride) + (3 * T.Count));
        T.Store(a4, target + (4 * stride));
        T.Store(b4, target + (4 * stride) + T.Count);
        T.Store(c4, target + (4 * stride) + (2 * T.Count));
        T.Store(d4, target + (4 * stride) + (3 * T.Count));
        T.Store(a5, target + (5 * stride));
        T.Store(b5, target + (5 * stride) + T.Count);
        T.Store(c5, target + (5 * stride) + (2 * T.Count));
        T.Store(d5, target + (5 * stride) + (3 * T.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2<T>(float** rows, int taps, nint depth, float* panel, float* target, nint stride)
        where T : unmanaged, IVector<T>
    {
        T a0 = T.Zero, b0 = T.Zero;
        T a1 = T.Zero, b1 = T.Zero;
        T a2 = T.Zero, b2 = T.Zero;
        T a3 = T.Zero, b3 = T.Zero;
        T a4 = T.Zero, b4 = T.Zero;
        T a5 = T.Zero, b5 = T.Zero;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            float* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3], row4 = rows[4], row5 = rows[5];
            for (nint k = 0; k < depth; k++, panel += 2 * T.Count)
            {
                T a = T.Load(panel), b = T.Load(panel + T.Count);
                var x0 = T.Broadcast(row0[k]);
                a0 = T.MultiplyAdd(x0, a, a0);
                b0 = T.MultiplyAdd(x0, b, b0);
                var x1 = T.Broadcast(row1[k]);
                a1 = T.MultiplyAdd(x1, a, a1);
                b1 = T.MultiplyAdd(x1, b, b1);
                var x2 = T.Broadcast(row2[k]);
                a2 = T.MultiplyAdd(x2, a, a2);
                b2 = T.MultiplyAdd(x2, b, b2);
                var x3 = T.Broadcast(row3[k]);
                a3 = T.MultiplyAdd(x3, a, a3);
                b3 = T.MultiplyAdd(x3, b, b3);
                var x4 = T.Broadcast(row4[k]);
                a4 = T.MultiplyAdd(x4, a, a4);
                b4 = T.MultiplyAdd(x4, b, b4);
                var x5 = T.Broadcast(row5[k]);
                a5 = T.MultiplyAdd(x5, a, a5);
                b5 = T.MultiplyAdd(x5, b, b5);
            }
        }
        T.Store(a0, target);
        T.Store(b0, target + T.Count);
        T.Store(a1, target + stride);
        T.Store(b1, target + stride + T.Count);
        T.Store(a2, target + (2 * stride));
        T.Store(b2, target + (2 * stride) + T.Count);
        T.Store(a3, target + (3 * stride));
        T.Store(b3, target + (3 * stride) + T.Count);
        T.Store(a4, target + (4 * stride));
        T.Store(b4, target + (4 * stride) + T.Count);
        T.Store(a5, target + (5 * stride));
        T.Store(b5, target + (5 * stride) + T.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<T>(float** rows, int taps, nint depth, float* panel, float* target, nint stride)
        where T : unmanaged, IVector<T>
    {
        T a0 = T.Zero;
        T a1 = T.Zero;
        T a2 = T.Zero;
        T a3 = T.Zero;
        T a4 = T.Zero;
        T a5 = T.Zero;
        for (int tap = 0; tap < taps; tap++, rows += Rows)
        {
            float* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3], row4 = rows[4], row5 = rows[5];
            for (nint k = 0; k < depth; k++, panel += T.Count)
            {
                T a = T.Load(panel);
                var x0 = T.Broadcast(row0[k]);
                a0 = T.MultiplyAdd(x0, a, a0);
                var x1 = T.Broadcast(row1[k]);
                a1 = T.MultiplyAdd(x1, a, a1);
                var x2 = T.Broadcast(row2[k]);
                a2 = T.MultiplyAdd(x2, a, a2);
                var x3 = T.Broadcast(row3[k]);
                a3 = T.MultiplyAdd(x3, a, a3);
                var x4 = T.Broadcast(row4[k]);
                a4 = T.MultiplyAdd(x4, a, a4);
                var x5 = T.Broadcast(row5[k]);
                a5 = T.MultiplyAdd(x5, a, a5);
            }
        }
        T.Store(a0, target);
        T.Store(a1, target + stride);
        T.Store(a2, target + (2 * stride));
        T.Store(a3, target + (3 * stride));
        T.Store(a4, target + (4 * stride));
        T.Store(a5, target + (5 * stride));
    }
}
