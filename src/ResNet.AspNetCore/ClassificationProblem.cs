namespace ResNet.AspNetCore;

/// <summary>Why a sound picture was not classified.</summary>
public enum ClassificationProblem
{
    /// <summary>All places of the queue are taken: try again after <see cref="ClassificationException.RetryAfter"/>.</summary>
    QueueFull,

    /// <summary>The answer took longer than <see cref="ResNetClassifierOptions.RequestTimeout"/>.</summary>
    TimedOut,

    /// <summary>The service stops, or has not started.</summary>
    Stopped,
}
