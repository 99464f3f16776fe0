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
        var (line, x) = Math.DivRem(Math.Min(pixel, g.Pixels - 1), g.OutputWidth);
        var (image, y) = Math.DivRem(line, g.OutputHeight);
        var (firstRow, firstColumn) = Math.DivRem(firstTap, g.KernelWidth);
        for (int r = 0; r < count; r++)
        {
            FindTaps(g, image, (y * g.Stride) - g.Padding, (x * g.Stride) - g.Padding, firstRow, firstColumn, taps, rows + r, count);
            if (pixel + r >= g.Pixels - 1 || ++x < g.OutputWidth) continue;
            x = 0;
            if (++y < g.OutputHeight) continue;
            (y, image) = (0, image + 1);
        }
    }

    /// <summary>
    /// Moves the pixels that the taps of the tile before lie on to those of a tile: much faster than to find them, which takes as long as
    /// an eighth of the products of a stem.
    /// </summary>
    /// <param name="pixel">The first pixel of the tile; the one before has as many.</param>
    /// <param name="count">The number of pixels.</param>
    /// <param name="taps">The number of taps.</param>
    /// <param name="rows">The addresses <c>[taps, count]</c>.</param>
    /// <returns>False if the tiles lie on two rows of the output, or windows may lie outside of the map.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal bool TryMoveRows(int pixel, int count, int taps, T** rows)
    {
        int width = Geometry.OutputWidth;
        if (!Geometry.IsInside || (pixel - count) / width != (pixel + count - 1) / width) return false;
        nint distance = (nint)count * Geometry.Stride * Geometry.Pitch;
        for (int i = 0; i < taps * count; i++) rows[i] += distance;
        return true;
    }

    /// <summary>Finds the pixels of the input that the taps of one window lie on.</summary>
    /// <param name="g">The convolution, with the size of the window.</param>
    /// <param name="image">The image.</param>
    /// <param name="top">The first row of the window; it may lie outside.</param>
    /// <param name="left">The first column of the window; it may lie outside.</param>
    /// <param name="i">The row of the first tap in the window.</param>
    /// <param name="j">The column of the first tap in the window.</param>
    /// <param name="taps">The number of taps.</param>
    /// <param name="rows">Receives the addresses.</param>
    /// <param name="places">From one address to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void FindTaps(in Geometry g, int image, int top, int left, int i, int j, int taps, T** rows, int places)
    {
        bool inside = top >= 0 && top + ((g.KernelHeight - 1) * g.Dilation) < g.Height
            && left >= 0 && left + ((g.KernelWidth - 1) * g.Dilation) < g.Width;
        if (inside)
        {
            nint right = (nint)g.Dilation * g.Pitch, down = (nint)g.Dilation * g.Width * g.Pitch;
            T* line = Pixel(image, top, left) + (i * down), place = line + (j * right);
            for (int tap = 0; tap < taps; tap++, rows += places)
            {
                *rows = place;
                place += right;
                if (++j < g.KernelWidth) continue;
                j = 0;
                place = line += down;
            }
            return;
        }
        for (int tap = 0; tap < taps; tap++, rows += places)
        {
            *rows = Pixel(image, top + (i * g.Dilation), left + (j * g.Dilation));
            if (++j == g.KernelWidth) (i, j) = (i + 1, 0);
        }
    }
}
