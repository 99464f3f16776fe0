namespace ResNet.AspNetCore;

/// <summary>A sound picture was not classified; the message is one sentence.</summary>
public sealed class ClassificationException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="problem">The reason.</param>
    /// <param name="message">A sentence for the user.</param>
    /// <param name="retryAfter">The time after which another attempt may succeed; null if unknown.</param>
    public ClassificationException(ClassificationProblem problem, string message, TimeSpan? retryAfter = null)
        : base(message) => (Problem, RetryAfter) = (problem, retryAfter);

    /// <summary>The reason.</summary>
    public ClassificationProblem Problem { get; }

    /// <summary>The time after which another attempt may succeed; null if unknown.</summary>
    public TimeSpan? RetryAfter { get; }
}
