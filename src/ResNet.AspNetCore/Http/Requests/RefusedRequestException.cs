namespace ResNet.AspNetCore.Http.Requests;

/// <summary>A request cannot be answered; the message is one sentence for its sender.</summary>
internal sealed class RefusedRequestException(int status, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    internal int Status => status;

    internal TimeSpan? RetryAfter => retryAfter;
}
