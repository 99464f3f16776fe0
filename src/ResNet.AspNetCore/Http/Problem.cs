using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace ResNet.AspNetCore.Http;

/// <summary>Writes refusals as <c>application/problem+json</c> (RFC 9457): a status and one sentence.</summary>
internal static class Problem
{
    internal const string ContentType = "application/problem+json";

    internal static async Task WriteAsync(HttpContext context, int status, string detail, TimeSpan? retryAfter = null)
    {
        var response = context.Response;
        if (response.HasStarted) return;
        response.Clear();
        response.StatusCode = status;
        if (retryAfter is { } time) response.Headers.RetryAfter = FormattableString.Invariant($"{Math.Ceiling(time.TotalSeconds)}");
        if (status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "ApiKey";
        await JsonBody.WriteAsync(context, ContentType, json =>
        {
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
            json.WriteNumber("status", status);
            json.WriteString("detail", detail);
        }).ConfigureAwait(false);
    }
}
