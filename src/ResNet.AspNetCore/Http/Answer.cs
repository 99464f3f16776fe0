using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ResNet.AspNetCore.Http.Requests;

namespace ResNet.AspNetCore.Http;

/// <summary>Writes answers as JSON.</summary>
internal static class Answer
{
    internal const string ContentType = "application/json; charset=utf-8";

    internal static Task WriteAsync(HttpContext context, IReadOnlyList<UploadedPicture> pictures, Classification[] answers) =>
        WriteAsync(context, json =>
        {
            json.WriteString("model", answers[0].Model);
            json.WriteStartArray("pictures");
            for (int i = 0; i < answers.Length; i++) Write(json, pictures[i].Name, answers[i]);
            json.WriteEndArray();
        });

    internal static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write) => JsonBody.WriteAsync(context, ContentType, write);

    internal static async Task WritePngAsync(HttpContext context, HeatMap map)
    {
        context.Response.ContentType = "image/png";
        context.Response.ContentLength = map.Png.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(map.Png, context.RequestAborted).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter json, string name, Classification answer)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteNumber("width", answer.Width);
        json.WriteNumber("height", answer.Height);
        json.WriteStartArray("predictions");
        foreach (var (label, probability) in answer.Predictions)
        {
            json.WriteStartObject();
            Write(json, label, probability);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (answer.HeatMap is { } map)
        {
            json.WriteStartObject("heatMap");
            Write(json, map.Prediction.Class, map.Prediction.Probability);
            json.WriteStartObject("area");
            json.WriteNumber("left", map.Area.Left);
            json.WriteNumber("top", map.Area.Top);
            json.WriteNumber("width", map.Area.Width);
            json.WriteNumber("height", map.Area.Height);
            json.WriteEndObject();
            json.WriteBoolean("uniform", map.IsUniform);
            json.WriteBase64String("png", map.Png.Span);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string label, double probability)
    {
        json.WriteString("class", label);
        // JSON has no NaN, which damaged weights can give.
        if (double.IsFinite(probability)) json.WriteNumber("probability", probability);
        else json.WriteNull("probability");
    }
}
