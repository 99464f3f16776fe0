namespace ResNet.Training.Distributed;

/// <summary>The processes of a run have lost each other.</summary>
public sealed class CommunicationException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What has happened, in a sentence.</param>
    /// <param name="lostRank">The number of the process that has ended or cannot be reached; null if it is not known.</param>
    public CommunicationException(string message, int? lostRank = null)
        : base(message) => LostRank = lostRank;

    /// <summary>The number of the process that has ended or cannot be reached; null if it is not known.</summary>
    public int? LostRank { get; }
}
