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
    /// <summary>The most rows of a tile. Others have one less, or one row: <see cref="Tiling"/>.</summary>
    internal const int Rows = 6;

    /// <summary>The vectors of the widest tile; with six rows they are 24 sums, four weights and a pixel in 32 registers.</summary>
    internal const int MaximumVectors = 4;

    /// <summary>Computes a tile.</summary>
    /// <param name="vectors">Its width: 1, 2 or 4 vectors.</param>
    /// <param name="count">Its rows: 6, 5 or 1.</param>
    /// <param name="rows">For each tap, the addresses of the rows, each of <paramref name="depth"/> floats.</param>
    /// <param name="taps">The number of taps.</param>
    /// <param name="depth">The input channels of a tap.</param>
    /// <param name="panel">The weights <c>[taps, depth, vectors · T.Count]</c>.</param>
    /// <param name="target">Receives the sums.</param>
    /// <param name="stride">The floats from one row of the target, and of <paramref name="add"/>, to the next.</param>
    /// <param name="bias">What is added to each row; null for nothing.</param>
    /// <param name="add">What is added to the sums, such as a shortcut or the target itself; null for nothing.</param>
    /// <param name="relu">Whether negative sums become 0.</param>
    /// <param name="ahead">The weights to fetch in the meantime; one row does without.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Compute<T>(
        int vectors, int count, float** rows, int taps, nint depth, float* panel, float* target, nint stride,
        float* bias, float* add, bool relu, Ahead ahead)
        where T : unmanaged, IVector<T>
    {
        if (vectors == 4) Compute<T, FourVectors<T>>(count, rows, taps, depth, panel, target, stride, bias, add, relu, ahead);
        else if (vectors == 2) Compute<T, TwoVectors<T>>(count, rows, taps, depth, panel, target, stride, bias, add, relu, ahead);
        else Compute<T, OneVector<T>>(count, rows, taps, depth, panel, target, stride, bias, add, relu, ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Compute<T, TRow>(
        int count, float** rows, int taps, nint depth, float* panel, float* target, nint stride,
        float* bias, float* add, bool relu, Ahead ahead)
        where T : unmanaged, IVector<T>
        where TRow : unmanaged, IVectors<TRow, T>
    {
        if (count == Rows) Tile<T, TRow, Six>(rows, taps, depth, panel, target, stride, bias, add, relu, ahead);
        else if (count == Rows - 1) Tile<T, TRow, Five>(rows, taps, depth, panel, target, stride, bias, add, relu, ahead);
        else Tile1<T, TRow>(rows, taps, depth, panel, target, bias, add, relu);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<T, TRow, TCount>(
        float** rows, int taps, nint depth, float* panel, float* target, nint stride, float* bias, float* add, bool relu, Ahead ahead)
        where T : unmanaged, IVector<T>
        where TRow : unmanaged, IVectors<TRow, T>
        where TCount : IRowCount
    {
        var (fetched, step) = ahead;
        TRow sum0 = default, sum1 = default, sum2 = default, sum3 = default, sum4 = default, sum5 = default;
        for (int tap = 0; tap < taps; tap++, rows += TCount.Rows)
        {
            float* row0 = rows[0], row1 = rows[1], row2 = rows[2], row3 = rows[3], row4 = rows[4], row5 = rows[TCount.Rows - 1];
            for (nint k = 0; k < depth; k++, panel += TRow.Count, fetched += step)
            {
                Ahead.Fetch(fetched);
                var weights = TRow.Load(panel);
                sum0 = TRow.MultiplyAdd(T.Broadcast(row0[k]), weights, sum0);
                sum1 = TRow.MultiplyAdd(T.Broadcast(row1[k]), weights, sum1);
                sum2 = TRow.MultiplyAdd(T.Broadcast(row2[k]), weights, sum2);
                sum3 = TRow.MultiplyAdd(T.Broadcast(row3[k]), weights, sum3);
                sum4 = TRow.MultiplyAdd(T.Broadcast(row4[k]), weights, sum4);
                if (TCount.Rows == Rows) sum5 = TRow.MultiplyAdd(T.Broadcast(row5[k]), weights, sum5);
            }
        }
        if (bias is not null)
        {
            sum0 = TRow.Add(sum0, bias);
            sum1 = TRow.Add(sum1, bias);
            sum2 = TRow.Add(sum2, bias);
            sum3 = TRow.Add(sum3, bias);
            sum4 = TRow.Add(sum4, bias);
            sum5 = TRow.Add(sum5, bias);
        }
        if (add is not null)
        {
            sum0 = TRow.Add(sum0, add);
            sum1 = TRow.Add(sum1, add + stride);
            sum2 = TRow.Add(sum2, add + (2 * stride));
            sum3 = TRow.Add(sum3, add + (3 * stride));
            sum4 = TRow.Add(sum4, add + (4 * stride));
            if (TCount.Rows == Rows) sum5 = TRow.Add(sum5, add + (5 * stride));
        }
        if (relu)
        {
            sum0 = TRow.Relu(sum0);
            sum1 = TRow.Relu(sum1);
            sum2 = TRow.Relu(sum2);
            sum3 = TRow.Relu(sum3);
            sum4 = TRow.Relu(sum4);
            sum5 = TRow.Relu(sum5);
        }
        TRow.Store(sum0, target);
        TRow.Store(sum1, target + stride);
        TRow.Store(sum2, target + (2 * stride));
        TRow.Store(sum3, target + (3 * stride));
        TRow.Store(sum4, target + (4 * stride));
        if (TCount.Rows == Rows) TRow.Store(sum5, target + (5 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<T, TRow>(
        float** rows, int taps, nint depth, float* panel, float* target, float* bias, float* add, bool relu)
        where T : unmanaged, IVector<T>
        where TRow : unmanaged, IVectors<TRow, T>
    {
        TRow sum = default;
        for (int tap = 0; tap < taps; tap++)
        {
            float* row = rows[tap];
            for (nint k = 0; k < depth; k++, panel += TRow.Count) sum = TRow.MultiplyAdd(T.Broadcast(row[k]), TRow.Load(panel), sum);
        }
        if (bias is not null) sum = TRow.Add(sum, bias);
        if (add is not null) sum = TRow.Add(sum, add);
        if (relu) sum = TRow.Relu(sum);
        TRow.Store(sum, target);
    }

    /// <summary>The rows of a tile as a type: the compiler makes code for each number, without the sums that are not needed.</summary>
    internal interface IRowCount
    {
        /// <summary>The rows.</summary>
        static abstract int Rows { get; }
    }

    /// <summary>Six rows.</summary>
    internal readonly struct Six : IRowCount
    {
        public static int Rows => TileKernels.Rows;
    }

    /// <summary>Five rows.</summary>
    internal readonly struct Five : IRowCount
    {
        public static int Rows => TileKernels.Rows - 1;
    }
}
