namespace ResNet.Core.Weights.Published;

/// <summary>A published file cannot be downloaded; the message is one sentence that says why and what to do.</summary>
internal sealed class FileDownloadException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One sentence that names the address, file or folder and says what to do.</param>
    /// <param name="inner">The cause.</param>
    internal FileDownloadException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>The hash of the file that was there already and is not the published one; null where something else went wrong.</summary>
    internal string? HashFound { get; init; }
}
