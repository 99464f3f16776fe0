namespace ResNet.Training.Distributed;

/// <summary>The processes of a run have lost each other.</summary>
public sealed class CommunicationException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What has happened, in a sentence.</param>
    /// <param name="lostRank">The number of the process that has ended or cannot be reached; null if it is not known.</param>
    /// <param name="hasFailed">Whether that process has told the others that it failed.</param>
    public CommunicationException(string message, int? lostRank = null, bool hasFailed = false)
        : base(message) => (LostRank, HasFailed) = (lostRank, hasFailed);

    /// <summary>The number of the process that has ended or cannot be reached; null if it is not known.</summary>
    public int? LostRank { get; }

    /// <summary>Whether that process has failed, and says why itself; otherwise it has been killed or cut off.</summary>
    public bool HasFailed { get; }
}
