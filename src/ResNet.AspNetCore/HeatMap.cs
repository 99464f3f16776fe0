using ResNet.Inference;

namespace ResNet.AspNetCore;

/// <summary>Where a network sees a class.</summary>
/// <param name="Prediction">The class and its probability.</param>
/// <param name="Area">The part of the picture that the network sees, and that <paramref name="Png"/> covers.</param>
/// <param name="Png">
/// A PNG with alpha to lay over this part: dark blue is no evidence for the class, red is the most evidence; cold places are more
/// transparent. Its size is that of the network's input.
/// </param>
public sealed record HeatMap(Prediction Prediction, PictureArea Area, ReadOnlyMemory<byte> Png)
{
    /// <summary>
    /// Whether the map is the same everywhere: the last map of a network for small pictures may have a single pixel. Default: false.
    /// </summary>
    public bool IsUniform { get; init; }
}
