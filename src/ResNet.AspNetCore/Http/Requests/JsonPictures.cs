using System.Text.Json;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>
/// Reads <c>{"image": "base64", "count": 5, "heatMap": true, "class": "cat"}</c>, or <c>"images"</c> with an array of them.
/// </summary>
internal ref struct JsonPictures(RequestReader request)
{
    private const string ImageName = "image", ImagesName = "images";

    // Deep JSON is refused by the reader itself.
    private const int Depth = 4;

    /// <exception cref="RefusedRequestException">The text is not such JSON.</exception>
    internal readonly void Read(ReadOnlySpan<byte> text)
    {
        try
        {
            var json = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = Depth });
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw Refuse("The JSON is no object.");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueSpan.Length > RequestReader.FieldBytes) throw Refuse("A name in the JSON is too long.");
                string name = json.GetString()!;
                json.Read();
                ReadValue(ref json, name);
            }
            if (json.Read()) throw Refuse("The JSON goes on after its object.");
        }
        catch (JsonException e)
        {
            throw Refuse($"The JSON is damaged in line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            throw Refuse("The JSON has text that is not UTF-8.");
        }
    }

    private readonly void ReadValue(ref Utf8JsonReader json, string name)
    {
        if (name == ImageName)
        {
            AddPicture(ref json, "picture");
        }
        else if (name == ImagesName)
        {
            if (json.TokenType != JsonTokenType.StartArray) throw Refuse($"'{ImagesName}' has to be an array of pictures in base64.");
            for (int i = 1; json.Read() && json.TokenType != JsonTokenType.EndArray; i++) AddPicture(ref json, $"picture {i}");
        }
        else
        {
            // Before its length, since it may be a picture under a mistyped name.
            if (!Parameters.IsKnown(name)) throw Parameters.Unknown(name, ImageName, ImagesName);
            if (json.ValueSpan.Length > RequestReader.FieldBytes)
                throw Refuse($"'{Parameters.Cut(name)}' is longer than {RequestReader.FieldBytes} bytes.");
            string? value = json.TokenType switch
            {
                JsonTokenType.String => json.GetString(),
                JsonTokenType.True => "true",
                JsonTokenType.False => "false",
                JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(json.ValueSpan),
                JsonTokenType.Null => null,
                _ => throw Refuse($"'{Parameters.Cut(name)}' has to be a text, a number, true or false."),
            };
            if (value is not null) request.Parameters.Set(name, value);
        }
    }

    private readonly void AddPicture(ref Utf8JsonReader json, string name)
    {
        if (json.TokenType != JsonTokenType.String) throw Refuse("A picture has to be a text in base64.");
        if (!json.ValueIsEscaped)
        {
            request.AddBase64(json.ValueSpan, name);
            return;
        }
        // Some programs write / as \/.
        using var plain = request.NewBuffer();
        var text = plain.Take(json.ValueSpan.Length);
        request.AddBase64(text[..json.CopyString(text)], name);
    }

    private static RefusedRequestException Refuse(string sentence) => new(400, sentence);
}
