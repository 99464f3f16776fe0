namespace ResNet.Inference.Kernels;

/// <summary>Rows of a matrix product, divided into tiles of six and five rows, so that no tile has rows that nobody needs.</summary>
/// <remarks>Few rows cannot always be divided so, such as 7 or 13: what is left of them are tiles of one row.</remarks>
internal readonly struct Tiling
{
    private const int Six = TileKernels.Rows, Five = Six - 1;

    private readonly int _sixes;
    private readonly int _large;

    /// <param name="rows">The number of rows.</param>
    internal Tiling(int rows)
    {
        int fives = (Six - (rows % Six)) % Six;
        if (Five * fives > rows) fives = 0;
        _sixes = (rows - (Five * fives)) / Six;
        _large = _sixes + fives;
        Count = _large + rows - (Six * _sixes) - (Five * fives);
    }

    /// <summary>The number of tiles.</summary>
    internal int Count { get; }

    /// <summary>The first row of a tile; of tile <see cref="Count"/>, the number of rows.</summary>
    internal int First(int tile)
    {
        int sixes = Math.Min(tile, _sixes), fives = Math.Clamp(tile - _sixes, 0, _large - _sixes);
        return (Six * sixes) + (Five * fives) + Math.Max(0, tile - _large);
    }

    /// <summary>The number of rows of a tile.</summary>
    internal int RowsOf(int tile) => tile < _sixes ? Six : tile < _large ? Five : 1;
}
