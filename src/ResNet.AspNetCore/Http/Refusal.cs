using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ResNet.AspNetCore.Http.Requests;
using ResNet.Imaging;

namespace ResNet.AspNetCore.Http;

/// <summary>What a request that cannot be answered gets.</summary>
/// <param name="Status">The status; 0 if nobody is there to read it.</param>
/// <param name="Sentence">A sentence for the sender.</param>
/// <param name="Reason">The reason in metrics.</param>
/// <param name="RetryAfter">The time after which another attempt may succeed; null for never.</param>
internal sealed record Refusal(int Status, string Sentence, string Reason, TimeSpan? RetryAfter = null)
{
    /// <summary>Describes an exception; null if it is a fault of the service.</summary>
    internal static Refusal? Of(Exception failure, HttpContext context) => failure switch
    {
        RefusedRequestException e => new(e.Status, e.Message, ReasonOf(e.Status), e.RetryAfter),
        BadHttpRequestException e => new(e.StatusCode, SentenceOf(e, context), ReasonOf(e.StatusCode)),
        ClassificationException { Problem: ClassificationProblem.QueueFull } e => new(429, e.Message, "queue_full", e.RetryAfter),
        ClassificationException { Problem: ClassificationProblem.TimedOut } e => new(504, e.Message, "timeout", e.RetryAfter),
        ClassificationException e => new(503, e.Message, "stopped", e.RetryAfter),
        ImageDecodingException or TransformException => new(422, failure.Message, "picture"),
        InvalidOptionException e => new(
            400, $"'{Parameters.NameOf(e.Property)}' is '{Parameters.Cut($"{e.Value}")}', but has to be {e.Accepted}.", "parameter"),
        // The formats that libvips decodes.
        DllNotFoundException => new(
            415, "This format is not decoded here, since the service has no libvips: send a JPEG (baseline), GIF, BMP or PNM.", "format"),
        InsufficientMemoryException or OutOfMemoryException => new(
            503, "There is not enough memory for this picture now: try again later.", "memory", TimeSpan.FromSeconds(1)),
        OperationCanceledException or IOException when context.RequestAborted.IsCancellationRequested => new(0, "", "aborted"),
        // The sender has hung up in the middle of the body.
        Microsoft.AspNetCore.Connections.ConnectionResetException => new(0, "", "aborted"),
        _ => null,
    };

    private static string ReasonOf(int status) => status switch
    {
        408 => "slow",
        413 => "too_large",
        415 => "format",
        429 => "uploads",
        _ => "request",
    };

    private static string SentenceOf(BadHttpRequestException failure, HttpContext context)
    {
        if (failure.StatusCode == StatusCodes.Status408RequestTimeout) return "The request arrives too slowly: send it faster.";
        if (failure.StatusCode != StatusCodes.Status413PayloadTooLarge) return failure.Message;
        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
        return $"The request is larger than {limit} bytes, the most that is read.";
    }
}
