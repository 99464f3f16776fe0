using ResNet.Inference;

namespace ResNet.AspNetCore;

/// <summary>What a picture shows.</summary>
/// <param name="Predictions">The likeliest classes, likeliest first.</param>
public sealed record Classification(IReadOnlyList<Prediction> Predictions)
{
    /// <summary>The network that answered: its name, an @ and the first characters of its checksum. Default: empty.</summary>
    public string Model { get; init; } = "";

    /// <summary>The picture's width in pixels, as decoded. Default: 0, unknown.</summary>
    public int Width { get; init; }

    /// <summary>The picture's height in pixels, as decoded. Default: 0, unknown.</summary>
    public int Height { get; init; }

    /// <summary>Where the network sees a class; null if it was not asked for.</summary>
    public HeatMap? HeatMap { get; init; }
}
