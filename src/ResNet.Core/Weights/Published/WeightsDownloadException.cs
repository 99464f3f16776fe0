namespace ResNet.Core.Weights.Published;

/// <summary>A file of pretrained weights cannot be downloaded; the message is one sentence that says why and what to do.</summary>
public sealed class WeightsDownloadException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One sentence that names the address or folder and says what to do.</param>
    /// <param name="inner">The cause.</param>
    public WeightsDownloadException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
