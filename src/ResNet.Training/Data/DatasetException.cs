namespace ResNet.Training.Data;

/// <summary>
/// A data set is missing, incomplete or not laid out as it should be; the message is one sentence that says what would be right.
/// </summary>
public sealed class DatasetException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One sentence that names the folder, file or address and says what would be right.</param>
    /// <param name="innerException">The cause, if any.</param>
    public DatasetException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>What is the case, for whoever can offer a remedy.</summary>
    public DatasetProblem Problem { get; internal init; }
}
