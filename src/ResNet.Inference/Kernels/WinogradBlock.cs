using System.Runtime.CompilerServices;

namespace ResNet.Inference.Kernels;

/// <summary>
/// Some tiles of a 3×3 convolution of stride 1, by Winograd's minimal filtering (Lavin and Gray 2015, https://arxiv.org/abs/1509.09308):
/// F(2×2, 3×3) with 16 products in place of 36 for each tile, channel in and channel out, or F(4×4, 3×3) with 36 in place of 144.
/// </summary>
/// <remarks>
/// Three passes compute it: the tiles are transformed, <c>[elements, tiles, channels in]</c>; each element of the transformed tiles is
/// multiplied by the weights of that element, <c>[elements, tiles, channels out]</c>; and the products are transformed to the output.
/// </remarks>
internal readonly record struct WinogradBlock
{
    /// <summary>Describes the tiles.</summary>
    /// <param name="convolution">The convolution; its weights are transformed.</param>
    /// <param name="size">The side of a tile of the output: 2 or 4 pixels.</param>
    /// <param name="tiles">The tiles.</param>
    /// <param name="scratch">At least <see cref="Floats"/> floats.</param>
    /// <param name="isByChannels">
    /// Whether the transformed tiles are <c>[elements, groups of channels, tiles, channels of a group]</c>, for loops over the tiles.
    /// </param>
    internal WinogradBlock(in Convolution<float, Epilogue> convolution, int size, Range tiles, nint scratch, bool isByChannels = false)
    {
        (Convolution, Size) = (convolution, size);
        (First, Count) = (tiles.Start.Value, tiles.End.Value - tiles.Start.Value);
        (TileStep, ChannelStep) = isByChannels
            ? (KernelSet.Alignment, KernelSet.Alignment * TilesWithGap(Count))
            : (convolution.Depth, KernelSet.Alignment);
        int tilesOfStep = isByChannels ? TilesWithGap(Count) : Count;
        (InputStep, ProductStep) = (Step(tilesOfStep, convolution.Depth), Step(tilesOfStep, convolution.Geometry.OutputPitch));
        (Inputs, Products) = (scratch, scratch + (nint)(sizeof(float) * Elements * InputStep));
    }

    internal Convolution<float, Epilogue> Convolution { get; }

    /// <summary>The side of a tile of the output.</summary>
    internal int Size { get; }

    /// <summary>The first tile.</summary>
    internal int First { get; }

    /// <summary>The number of tiles.</summary>
    internal int Count { get; }

    /// <summary>The transformed tiles.</summary>
    internal nint Inputs { get; }

    /// <summary>The products.</summary>
    internal nint Products { get; }

    /// <summary>The floats from one element of the transformed tiles to the next.</summary>
    internal long InputStep { get; }

    /// <summary>The floats from a transformed tile to the next.</summary>
    internal int TileStep { get; }

    /// <summary>The floats from a group of <see cref="KernelSet.Alignment"/> channels of a transformed tile to the next group.</summary>
    internal int ChannelStep { get; }

    /// <summary>The floats from one element of the products to the next.</summary>
    internal long ProductStep { get; }

    /// <summary>The side of a transformed tile.</summary>
    internal int Side => Size + 2;

    /// <summary>The elements of a transformed tile.</summary>
    internal int Elements => Side * Side;

    /// <summary>The units of the second pass: the elements, and for each of them the panels.</summary>
    internal int Units => Elements * Convolution.Panels.Length;

    /// <summary>The tiles in a row of a map.</summary>
    internal int Across => Along(Convolution.Geometry.OutputWidth, Size);

    /// <summary>The rows of tiles of a map.</summary>
    internal int Down => Along(Convolution.Geometry.OutputHeight, Size);

    /// <summary>The image of a tile, and its first pixel of the output.</summary>
    /// <param name="tile">The tile, numbered from the first one of the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal (int Image, int Top, int Left) PlaceOf(int tile)
    {
        var (line, x) = Math.DivRem(First + tile, Across);
        var (image, y) = Math.DivRem(line, Down);
        return (image, y * Size, x * Size);
    }

    /// <summary>The tiles of all maps.</summary>
    internal static int TilesOf(in Geometry geometry, int size) =>
        geometry.Images * Along(geometry.OutputHeight, size) * Along(geometry.OutputWidth, size);

    /// <summary>The floats that transformed tiles and their products take.</summary>
    internal static long Floats(int size, int tiles, int depth, int columns) =>
        (size + 2) * (size + 2) * (Step(tiles, depth) + Step(tiles, columns));

    /// <summary>The floats from an element of transformed weights to the next.</summary>
    internal static long WeightStep(int depth, int columns) => Step(depth, columns);

    /// <summary>The tiles of a group of channels in memory: one more, so that groups do not share few places of the caches.</summary>
    internal static int TilesWithGap(int tiles) => tiles + 1;

    private static int Along(int pixels, int size) => (pixels + size - 1) / size;

    // Not a power of two, as tiles and channels often give: the elements of a tile would share few places of the caches.
    private static long Step(int tiles, int channels) => ((long)tiles * channels) + KernelSet.Alignment;
}
