namespace ResNet.Imaging;

/// <summary>An image file cannot be read; the message is one sentence that names the file and the reason.</summary>
public sealed class ImageDecodingException : Exception
{
    /// <summary>Makes the sentence <c>Cannot read the image 'PATH': REASON.</c></summary>
    /// <param name="path">The image file.</param>
    /// <param name="reason">Why it cannot be read, without a full stop.</param>
    /// <param name="innerException">The cause, if it is an exception.</param>
    public ImageDecodingException(string path, string reason, Exception? innerException = null)
        : base($"Cannot read the image '{path}': {reason}.", innerException) => (Path, Reason) = (path, reason);

    /// <summary>The path of the image file as the caller gave it.</summary>
    public string Path { get; }

    /// <summary>Why it cannot be read, without a full stop.</summary>
    public string Reason { get; }
}
