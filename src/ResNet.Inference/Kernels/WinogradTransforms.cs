using System.Runtime.CompilerServices;
using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels;

/// <summary>
/// The transforms of Winograd's algorithm (Lavin and Gray 2015), each for as many channels at once as a vector has floats.
/// </summary>
internal static unsafe class WinogradTransforms<T>
    where T : unmanaged, IVector<T>
{
    /// <summary>The most elements of a transformed tile.</summary>
    internal const int Elements = 36;

    /// <summary>Transforms the 4×4 pixels that a tile of F(2×2, 3×3) reads.</summary>
    /// <param name="pixels">The addresses of the pixels.</param>
    /// <param name="channels">Their channels.</param>
    /// <param name="target">The first element of the result.</param>
    /// <param name="step">The floats from one element to the next.</param>
    /// <param name="groupStep">The floats from a group of <see cref="KernelSet.Alignment"/> channels to the next.</param>
    /// <param name="rows">Memory for <see cref="Elements"/> vectors in between.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Input2(float** pixels, int channels, float* target, long step, nint groupStep, T* rows)
    {
        for (int c = 0; c < channels; c += T.Count)
        {
            for (int j = 0; j < 4; j++)
            {
                T a = T.Load(pixels[j] + c), b = T.Load(pixels[4 + j] + c), d = T.Load(pixels[8 + j] + c), e = T.Load(pixels[12 + j] + c);
                (rows[j], rows[4 + j], rows[8 + j], rows[12 + j]) = (a - d, b + d, d - b, b - e);
            }
            for (int i = 0; i < 4; i++)
            {
                T a = rows[4 * i], b = rows[(4 * i) + 1], d = rows[(4 * i) + 2], e = rows[(4 * i) + 3];
                float* line = target + (4 * i * step) + Place(c, groupStep);
                T.Store(a - d, line);
                T.Store(b + d, line + step);
                T.Store(d - b, line + (2 * step));
                T.Store(b - e, line + (3 * step));
            }
        }
    }

    /// <summary>Transforms the 6×6 pixels that a tile of F(4×4, 3×3) reads.</summary>
    /// <inheritdoc cref="Input2"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Input4(float** pixels, int channels, float* target, long step, nint groupStep, T* rows)
    {
        for (int c = 0; c < channels; c += T.Count)
        {
            for (int j = 0; j < 6; j++)
            {
                Row(
                    T.Load(pixels[j] + c), T.Load(pixels[6 + j] + c), T.Load(pixels[12 + j] + c),
                    T.Load(pixels[18 + j] + c), T.Load(pixels[24 + j] + c), T.Load(pixels[30 + j] + c), (float*)(rows + j), 6 * T.Count);
            }
            float* place = target + Place(c, groupStep);
            for (int i = 0; i < 6; i++)
            {
                T* row = rows + (6 * i);
                Row(row[0], row[1], row[2], row[3], row[4], row[5], place + (6 * i * step), step);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Row(T a, T b, T c, T d, T e, T f, float* target, long step)
        {
            T two = T.Broadcast(2), four = T.Broadcast(4), five = T.Broadcast(-5);
            T evenSum = T.MultiplyAdd(T.Broadcast(-4), c, e), oddSum = T.MultiplyAdd(T.Broadcast(-4), b, d);
            T even = e - c, odd = two * (d - b);
            T.Store(T.MultiplyAdd(four, a, T.MultiplyAdd(five, c, e)), target);
            T.Store(evenSum + oddSum, target + step);
            T.Store(evenSum - oddSum, target + (2 * step));
            T.Store(even + odd, target + (3 * step));
            T.Store(even - odd, target + (4 * step));
            T.Store(T.MultiplyAdd(four, b, T.MultiplyAdd(five, d, f)), target + (5 * step));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Place(int channel, nint groupStep) =>
        ((nint)((uint)channel / KernelSet.Alignment) * groupStep) + (nint)((uint)channel % KernelSet.Alignment);

    /// <summary>Transforms the products of a tile of F(2×2, 3×3) to its 2×2 pixels.</summary>
    /// <param name="products">The first element.</param>
    /// <param name="step">The floats from one element to the next.</param>
    /// <param name="pixels">The pixels, a vector each.</param>
    /// <param name="rows">Memory for <see cref="Elements"/> vectors in between.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Output2(float* products, long step, T* pixels, T* rows)
    {
        for (int j = 0; j < 4; j++)
        {
            float* column = products + (j * step);
            T a = T.Load(column), b = T.Load(column + (4 * step)), c = T.Load(column + (8 * step)), d = T.Load(column + (12 * step));
            (rows[j], rows[4 + j]) = (a + b + c, b - c - d);
        }
        for (int i = 0; i < 2; i++)
        {
            T a = rows[4 * i], b = rows[(4 * i) + 1], c = rows[(4 * i) + 2], d = rows[(4 * i) + 3];
            (pixels[2 * i], pixels[(2 * i) + 1]) = (a + b + c, b - c - d);
        }
    }

    /// <summary>Transforms the products of a tile of F(4×4, 3×3) to its 4×4 pixels.</summary>
    /// <inheritdoc cref="Output2"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Output4(float* products, long step, T* pixels, T* rows)
    {
        for (int j = 0; j < 6; j++)
        {
            float* column = products + (j * step);
            Row(
                T.Load(column), T.Load(column + (6 * step)), T.Load(column + (12 * step)), T.Load(column + (18 * step)),
                T.Load(column + (24 * step)), T.Load(column + (30 * step)), (float*)(rows + j), 6 * T.Count);
        }
        for (int i = 0; i < 4; i++)
        {
            T* row = rows + (6 * i);
            Row(row[0], row[1], row[2], row[3], row[4], row[5], (float*)(pixels + (4 * i)), T.Count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Row(T a, T b, T c, T d, T e, T f, float* target, long step)
        {
            T sum = b + c, difference = b - c, farSum = d + e, farDifference = d - e;
            T.Store(a + sum + farSum, target);
            T.Store(T.MultiplyAdd(T.Broadcast(2), farDifference, difference), target + step);
            T.Store(T.MultiplyAdd(T.Broadcast(4), farSum, sum), target + (2 * step));
            T.Store(T.MultiplyAdd(T.Broadcast(8), farDifference, difference) + f, target + (3 * step));
        }
    }
}
