namespace ResNet.Training.Data;

/// <summary>
/// A data set is missing, incomplete or has a wrong layout; the message is one sentence that says what is expected.
/// </summary>
public sealed class DatasetException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One sentence that names the folder, file or address and says what is expected.</param>
    /// <param name="innerException">The cause, if any.</param>
    public DatasetException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The kind of problem, for callers that can offer a remedy.</summary>
    public DatasetProblem Problem { get; internal init; }
}
