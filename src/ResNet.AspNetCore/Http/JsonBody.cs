using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ResNet.AspNetCore.Http;

/// <summary>Writes bodies of responses that are a JSON object.</summary>
internal static class JsonBody
{
    private const int UsualBytes = 1 << 10;

    // Quotes and names of any language stay readable. No browser takes the body for a page, as the header nosniff says.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static async Task WriteAsync(HttpContext context, string contentType, Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>(UsualBytes);
        using (var json = new Utf8JsonWriter(bytes, s_options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        var response = context.Response;
        response.ContentType = contentType;
        response.ContentLength = bytes.WrittenCount;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(bytes.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }
}
