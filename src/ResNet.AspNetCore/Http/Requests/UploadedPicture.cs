using ResNet.Imaging.Decoding;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>A picture of a request.</summary>
/// <param name="Name">Its name in messages, whose ending says the format where that is needed.</param>
/// <param name="Body">Its bytes.</param>
internal sealed record UploadedPicture(string Name, BodyBuffer Body) : IDisposable
{
    // As long as names in file systems.
    private const int LongestName = 255;

    /// <summary>Makes a name of what a sender gave.</summary>
    /// <param name="name">The sender's name; null or empty for none.</param>
    /// <param name="contentType">The type of the bytes; null for an unknown one.</param>
    internal static string NameFor(string? name, string? contentType)
    {
        if (!string.IsNullOrWhiteSpace(name)) return name.Length <= LongestName ? name : name[^LongestName..];
        return contentType?.Split(';')[0].Trim().ToLowerInvariant() switch
        {
            "image/gif" => "picture.gif",
            "image/heic" => "picture.heic",
            "image/heif" => "picture.heif",
            "image/avif" => "picture.avif",
            _ => "picture",
        };
    }

    /// <summary>The same, with the ending that its format needs if its sender gave no name.</summary>
    internal UploadedPicture WithEnding() => Path.HasExtension(Name) ? this : FileKinds.Find(Body.Bytes.Span) switch
    {
        FileKind.Gif => this with { Name = $"{Name}.gif" },
        FileKind.Heic => this with { Name = $"{Name}.heic" },
        FileKind.Avif => this with { Name = $"{Name}.avif" },
        _ => this,
    };

    public void Dispose() => Body.Dispose();
}
