using ResNet.Imaging.Decoding;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>A picture of a request.</summary>
/// <param name="Name">Its name in messages.</param>
/// <param name="Body">Its bytes.</param>
internal sealed record UploadedPicture(string Name, BodyBuffer Body) : IDisposable
{
    // As long as names in file systems.
    private const int LongestName = 255;

    /// <summary>Makes a name of what a sender gave.</summary>
    /// <param name="name">The sender's name; null or empty for none.</param>
    internal static string NameFor(string? name) => string.IsNullOrWhiteSpace(name) ? "picture"
        : name.Length <= LongestName ? name
        : name[^LongestName..];

    /// <summary>
    /// Its name with the ending that its format needs. The bytes decide, for senders seldom know what a telephone has called a file.
    /// </summary>
    internal string FileName => Name + FileKinds.MissingEnding(Name, FileKinds.Find(Body.Bytes.Span));

    public void Dispose() => Body.Dispose();
}
