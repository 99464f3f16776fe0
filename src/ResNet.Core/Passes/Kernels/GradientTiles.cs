using System.Runtime.CompilerServices;
using ResNet.Inference.Kernels;
using ResNet.Inference.Vectors;

namespace ResNet.Core.Passes.Kernels;

/// <summary>
/// The innermost loops of a convolution's gradient for its weights: for each pixel, a few channels of the input times some vectors of the
/// output's gradient. The sums stay in registers over all pixels, which need not lie together.
/// </summary>
internal static unsafe class GradientTiles
{
    /// <summary>The rows of the tiles of one vector: fewer would leave the multipliers waiting for the sums.</summary>
    internal const int RowsOfNarrow = 16;

    /// <summary>Adds the products of some pixels to six or five rows of sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Add<T, TRow, TCount>(in PixelPairs pixels, float* sums)
        where T : unmanaged, IVector<T>
        where TRow : unmanaged, IVectors<TRow, T>
        where TCount : TileKernels.IRowCount
    {
        nint width = TRow.Count, inputPixel = pixels.InputPixel, gradientPixel = pixels.GradientPixel;
        bool isSix = TCount.Rows == TileKernels.Rows;
        TRow sum0 = TRow.Load(sums), sum1 = TRow.Load(sums + width), sum2 = TRow.Load(sums + (2 * width));
        TRow sum3 = TRow.Load(sums + (3 * width)), sum4 = TRow.Load(sums + (4 * width));
        TRow sum5 = TRow.Load(sums + ((TCount.Rows - 1) * width));
        for (int image = 0; image < pixels.Images; image++)
        {
            for (int row = 0; row < pixels.Rows; row++)
            {
                float* input = pixels.Input + (image * pixels.InputImage) + (row * pixels.InputRow);
                float* gradient = pixels.Gradient + (image * pixels.GradientImage) + (row * pixels.GradientRow);
                for (int x = 0; x < pixels.Pixels; x++, input += inputPixel, gradient += gradientPixel)
                {
                    var values = TRow.Load(gradient);
                    sum0 = TRow.MultiplyAdd(T.Broadcast(input[0]), values, sum0);
                    sum1 = TRow.MultiplyAdd(T.Broadcast(input[1]), values, sum1);
                    sum2 = TRow.MultiplyAdd(T.Broadcast(input[2]), values, sum2);
                    sum3 = TRow.MultiplyAdd(T.Broadcast(input[3]), values, sum3);
                    sum4 = TRow.MultiplyAdd(T.Broadcast(input[4]), values, sum4);
                    if (isSix) sum5 = TRow.MultiplyAdd(T.Broadcast(input[5]), values, sum5);
                }
            }
        }
        TRow.Store(sum0, sums);
        TRow.Store(sum1, sums + width);
        TRow.Store(sum2, sums + (2 * width));
        TRow.Store(sum3, sums + (3 * width));
        TRow.Store(sum4, sums + (4 * width));
        if (isSix) TRow.Store(sum5, sums + (5 * width));
    }

    /// <summary>Adds the products of some pixels to one row of sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddOne<T, TRow>(in PixelPairs pixels, float* sums)
        where T : unmanaged, IVector<T>
        where TRow : unmanaged, IVectors<TRow, T>
    {
        var sum = TRow.Load(sums);
        for (int image = 0; image < pixels.Images; image++)
        {
            for (int row = 0; row < pixels.Rows; row++)
            {
                float* input = pixels.Input + (image * pixels.InputImage) + (row * pixels.InputRow);
                float* gradient = pixels.Gradient + (image * pixels.GradientImage) + (row * pixels.GradientRow);
                for (int x = 0; x < pixels.Pixels; x++, input += pixels.InputPixel, gradient += pixels.GradientPixel)
                    sum = TRow.MultiplyAdd(T.Broadcast(*input), TRow.Load(gradient), sum);
            }
        }
        TRow.Store(sum, sums);
    }

    /// <summary>Adds the products of some pixels to <see cref="RowsOfNarrow"/> rows of sums, of one vector each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddNarrow<T>(in PixelPairs pixels, float* sums)
        where T : unmanaged, IVector<T>
    {
        nint width = T.Count, inputPixel = pixels.InputPixel, gradientPixel = pixels.GradientPixel;
        T sum0 = T.Load(sums), sum1 = T.Load(sums + width), sum2 = T.Load(sums + (2 * width)), sum3 = T.Load(sums + (3 * width));
        T sum4 = T.Load(sums + (4 * width)), sum5 = T.Load(sums + (5 * width)), sum6 = T.Load(sums + (6 * width));
        T sum7 = T.Load(sums + (7 * width)), sum8 = T.Load(sums + (8 * width)), sum9 = T.Load(sums + (9 * width));
        T sum10 = T.Load(sums + (10 * width)), sum11 = T.Load(sums + (11 * width)), sum12 = T.Load(sums + (12 * width));
        T sum13 = T.Load(sums + (13 * width)), sum14 = T.Load(sums + (14 * width)), sum15 = T.Load(sums + (15 * width));
        for (int image = 0; image < pixels.Images; image++)
        {
            for (int row = 0; row < pixels.Rows; row++)
            {
                float* input = pixels.Input + (image * pixels.InputImage) + (row * pixels.InputRow);
                float* gradient = pixels.Gradient + (image * pixels.GradientImage) + (row * pixels.GradientRow);
                for (int x = 0; x < pixels.Pixels; x++, input += inputPixel, gradient += gradientPixel)
                {
                    var values = T.Load(gradient);
                    sum0 = T.MultiplyAdd(T.Broadcast(input[0]), values, sum0);
                    sum1 = T.MultiplyAdd(T.Broadcast(input[1]), values, sum1);
                    sum2 = T.MultiplyAdd(T.Broadcast(input[2]), values, sum2);
                    sum3 = T.MultiplyAdd(T.Broadcast(input[3]), values, sum3);
                    sum4 = T.MultiplyAdd(T.Broadcast(input[4]), values, sum4);
                    sum5 = T.MultiplyAdd(T.Broadcast(input[5]), values, sum5);
                    sum6 = T.MultiplyAdd(T.Broadcast(input[6]), values, sum6);
                    sum7 = T.MultiplyAdd(T.Broadcast(input[7]), values, sum7);
                    sum8 = T.MultiplyAdd(T.Broadcast(input[8]), values, sum8);
                    sum9 = T.MultiplyAdd(T.Broadcast(input[9]), values, sum9);
                    sum10 = T.MultiplyAdd(T.Broadcast(input[10]), values, sum10);
                    sum11 = T.MultiplyAdd(T.Broadcast(input[11]), values, sum11);
                    sum12 = T.MultiplyAdd(T.Broadcast(input[12]), values, sum12);
                    sum13 = T.MultiplyAdd(T.Broadcast(input[13]), values, sum13);
                    sum14 = T.MultiplyAdd(T.Broadcast(input[14]), values, sum14);
                    sum15 = T.MultiplyAdd(T.Broadcast(input[15]), values, sum15);
                }
            }
        }
        T.Store(sum0, sums);
        T.Store(sum1, sums + width);
        T.Store(sum2, sums + (2 * width));
        T.Store(sum3, sums + (3 * width));
        T.Store(sum4, sums + (4 * width));
        T.Store(sum5, sums + (5 * width));
        T.Store(sum6, sums + (6 * width));
        T.Store(sum7, sums + (7 * width));
        T.Store(sum8, sums + (8 * width));
        T.Store(sum9, sums + (9 * width));
        T.Store(sum10, sums + (10 * width));
        T.Store(sum11, sums + (11 * width));
        T.Store(sum12, sums + (12 * width));
        T.Store(sum13, sums + (13 * width));
        T.Store(sum14, sums + (14 * width));
        T.Store(sum15, sums + (15 * width));
    }
}
