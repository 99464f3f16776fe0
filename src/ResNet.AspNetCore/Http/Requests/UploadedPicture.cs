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

    public void Dispose() => Body.Dispose();
}
