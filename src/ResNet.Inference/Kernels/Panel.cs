namespace ResNet.Inference.Kernels;

/// <summary>Some output channels of a convolution, whose weights lie together: as many as a tile is wide.</summary>
/// <param name="Column">The first output channel.</param>
/// <param name="Vectors">The width: 1, 2 or 4 vectors.</param>
/// <param name="Input">The first input channel; not 0 in grouped convolutions only.</param>
/// <param name="Weights">The first weight <c>[taps, depth, width]</c>, in floats or bytes from the beginning.</param>
internal readonly record struct Panel(int Column, int Vectors, int Input, long Weights)
{
    /// <summary>Divides output channels into the columns of panels.</summary>
    /// <param name="channels">The channels, a multiple of <paramref name="lanes"/>.</param>
    /// <param name="lanes">The channels of a vector.</param>
    /// <param name="most">The vectors of the widest panels: 2 or 4.</param>
    internal static IEnumerable<(int Column, int Vectors)> Columns(int channels, int lanes, int most)
    {
        for (int column = 0; column < channels;)
        {
            int left = (channels - column) / lanes;
            int vectors = left >= most ? most : left >= 2 ? 2 : 1;
            yield return (column, vectors);
            column += vectors * lanes;
        }
    }
}
