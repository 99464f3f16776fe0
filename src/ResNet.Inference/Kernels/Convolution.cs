using System.Runtime.CompilerServices;

namespace ResNet.Inference.Kernels;

/// <summary>A convolution with the addresses of all that it reads and writes.</summary>
/// <typeparam name="T">The numbers of the input: floats or unsigned bytes.</typeparam>
/// <typeparam name="TEpilogue">The way from its sums to its output.</typeparam>
internal readonly unsafe record struct Convolution<T, TEpilogue>
    where T : unmanaged
    where TEpilogue : struct
{
    internal required Geometry Geometry { get; init; }

    /// <summary>The input.</summary>
    internal required nint Input { get; init; }

    /// <summary>The output.</summary>
    internal required nint Output { get; init; }

    /// <summary>A pixel of zeros, or of bytes that stand for 0: what a tap outside of the map reads.</summary>
    internal required nint Zeros { get; init; }

    /// <summary>The input channels of a tap, in a group.</summary>
    internal required int Depth { get; init; }

    /// <summary>The weights, in panels.</summary>
    internal required nint Weights { get; init; }

    /// <summary>The panels, by output channel.</summary>
    internal required Panel[] Panels { get; init; }

    internal required TEpilogue Epilogue { get; init; }

    /// <summary>The address of a pixel of the input; of <see cref="Zeros"/>, if it lies outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal T* Pixel(int image, int y, int x)
    {
        int height = Geometry.Height, width = Geometry.Width;
        return (uint)y < (uint)height && (uint)x < (uint)width
            ? (T*)Input + ((((((long)image * height) + y) * width) + x) * Geometry.Pitch)
            : (T*)Zeros;
    }

    /// <summary>Finds the pixels of the input that the taps of some pixels of the output lie on.</summary>
    /// <param name="pixel">The first pixel of the output, of all images.</param>
    /// <param name="count">The number of pixels; those after the last one are the last one again.</param>
    /// <param name="firstTap">The first tap.</param>
    /// <param name="taps">The number of taps.</param>
    /// <param name="rows">Receives the addresses <c>[taps, count]</c>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void FindRows(int pixel, int count, int firstTap, int taps, T** rows)
    {
        var g = Geometry;
        for (int r = 0; r < count; r++)
        {
            var (line, x) = Math.DivRem(Math.Min(pixel + r, g.Pixels - 1), g.OutputWidth);
            var (image, y) = Math.DivRem(line, g.OutputHeight);
            int top = (y * g.Stride) - g.Padding, left = (x * g.Stride) - g.Padding;
            var (i, j) = Math.DivRem(firstTap, g.KernelWidth);
            for (int tap = 0; tap < taps; tap++)
            {
                rows[(tap * count) + r] = Pixel(image, top + (i * g.Dilation), left + (j * g.Dilation));
                if (++j == g.KernelWidth) (i, j) = (i + 1, 0);
            }
        }
    }
}
