namespace ResNet.Imaging;

/// <summary>A transform does not suit an intact image; the message is one sentence that names the image and the reason.</summary>
public sealed class TransformException : Exception
{
    /// <summary>Makes the sentence <c>The image 'PATH' cannot be transformed: REASON.</c></summary>
    /// <param name="path">The image file.</param>
    /// <param name="reason">Why, without a full stop.</param>
    /// <param name="innerException">The cause, if it is an exception.</param>
    public TransformException(string path, string reason, Exception? innerException = null)
        : base($"The image '{path}' cannot be transformed: {reason}.", innerException) => (Path, Reason) = (path, reason);

    // A transform does not know the file; the caller adds it.
    internal TransformException(string reason)
        : this("", reason)
    {
    }

    /// <summary>The image file.</summary>
    public string Path { get; }

    /// <summary>Why it cannot be transformed, without a full stop.</summary>
    public string Reason { get; }
}
