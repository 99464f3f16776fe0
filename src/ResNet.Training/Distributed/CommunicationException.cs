namespace ResNet.Training.Distributed;

/// <summary>The processes of a run have lost each other.</summary>
public sealed class CommunicationException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What has happened, in a sentence.</param>
    public CommunicationException(string message)
        : base(message)
    {
    }
}
