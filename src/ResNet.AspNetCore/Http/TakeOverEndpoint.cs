using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ResNet.AspNetCore.Http.Requests;
using ResNet.AspNetCore.Serving;
using ResNet.Inference;

namespace ResNet.AspNetCore.Http;

/// <summary>PUT: has the service take over another network that lies beside the present one: <c>{"run": "name"}</c>.</summary>
internal sealed class TakeOverEndpoint(ClassifierService service)
{
    private const int MostBytes = 1 << 12;

    internal async Task TakeOverAsync(HttpContext context)
    {
        try
        {
            string path = await ReadPathAsync(context).ConfigureAwait(false);
            var model = await service.TakeOverAsync(path, context.RequestAborted).ConfigureAwait(false);
            await Answer.WriteAsync(context, json => json.WriteString("model", model.Name)).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is InferenceFileException or UnauthorizedAccessException or IOException and not BadHttpRequestException)
        {
            await Problem.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, e.Message).ConfigureAwait(false);
        }
        catch (Exception e) when (Refusal.Of(e, context) is { } refusal)
        {
            if (refusal.Status > 0)
                await Problem.WriteAsync(context, refusal.Status, refusal.Sentence, refusal.RetryAfter).ConfigureAwait(false);
        }
    }

    private async Task<string> ReadPathAsync(HttpContext context)
    {
        var request = context.Request;
        using var body = new BodyBuffer(new RequestMemory(service.Uploads));
        if (!await body.TryReadAsync(new RequestBody(request.BodyReader), MostBytes, request.ContentLength, context.RequestAborted)
            .ConfigureAwait(false))
        {
            throw new RefusedRequestException(413, $"The JSON is longer than the {MostBytes} bytes that are read.");
        }
        string? name = null;
        try
        {
            using var json = JsonDocument.Parse(body.Bytes);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("run", out var run)
                && run.ValueKind == JsonValueKind.String)
            {
                name = run.GetString();
            }
        }
        catch (JsonException)
        {
            // Refused below.
        }
        if (string.IsNullOrWhiteSpace(name)) throw new RefusedRequestException(400, "Send JSON that names a run: {\"run\": \"name\"}.");
        // Only what lies beside the network of the options can be named, not any file of the machine.
        if (name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0)
        {
            throw new RefusedRequestException(
                400, $"The run '{Parameters.Cut(name)}' has to be the name of a file or folder, without a path.");
        }
        string folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(service.Options.Path)))!;
        return Path.Combine(folder, name);
    }
}
