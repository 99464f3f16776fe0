namespace ResNet.AspNetCore;

/// <summary>What to answer about a picture.</summary>
public sealed record ClassificationOptions
{
    /// <summary>The maximum number of classes, at least 1; null for the service's default, which is 5.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int? Count { get; init => field = Require.AtLeast(this, value, 1); }

    /// <summary>Whether to answer where the network sees the class, too. Default: false.</summary>
    public bool HeatMap { get; init; }

    /// <summary>The class of the heat map. Default: null, the likeliest.</summary>
    public string? Class { get; init; }

    /// <summary>The picture's name in messages. GIF, HEIC and AVIF need their own endings. Default: "picture".</summary>
    public string Name { get; init; } = "picture";
}
