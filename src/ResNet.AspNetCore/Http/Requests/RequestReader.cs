using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>Reads the pictures of a request into memory: a body that is a picture, a form with files, or JSON with base64.</summary>
internal sealed class RequestReader(ResNetClassifierOptions options, UploadBudget budget) : IDisposable
{
    // The longest text of a field, in bytes; also what a form or JSON may have besides each picture.
    internal const int FieldBytes = 1 << 12;
    private const int LongestBoundary = 70;
    private const int MostHeaders = 16;
    private const int SlackBytes = 1 << 16;
    private const int MostFields = 16;
    private const int HeaderBytes = 1 << 13;

    private const string FormOfFields = "application/x-www-form-urlencoded";

    private readonly RequestMemory _memory = new(budget);
    private readonly List<UploadedPicture> _pictures = [];

    internal IReadOnlyList<UploadedPicture> Pictures => _pictures;

    internal Parameters Parameters { get; } = new();

    /// <exception cref="RefusedRequestException">The request is too large, of another type, or damaged.</exception>
    internal async Task ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        foreach (var (name, values) in request.Query)
        {
            foreach (string? value in values) Parameters.Set(name, value);
        }
        if (request.Headers.ContentEncoding is [{ Length: > 0 } encoding, ..] && encoding != "identity")
        {
            throw new RefusedRequestException(
                415, $"The encoding '{Parameters.Cut(encoding)}' is not read: send the picture as it is.");
        }
        string? type = request.ContentType;
        var media = MediaTypeHeaderValue.TryParse(type, out var parsed) ? parsed : null;
        if (media is not null && Is("multipart/form-data"))
            await ReadFormAsync(request, media, cancellationToken).ConfigureAwait(false);
        else if (Is("application/json"))
            await ReadJsonAsync(request, cancellationToken).ConfigureAwait(false);
        else if (IsPicture(type, media))
            await ReadBodyAsync(request, cancellationToken).ConfigureAwait(false);
        else
        {
            throw new RefusedRequestException(
                415,
                $"The type '{Parameters.Cut(type)}' is not accepted: send a picture (image/*), a form (multipart/form-data) or "
                + "application/json.");
        }
        if (_pictures.Count == 0) throw new RefusedRequestException(400, "The request has no picture: send one.");
        Parameters.Check(_pictures.Count);

        bool Is(string known) => media?.MediaType.Equals(known, StringComparison.OrdinalIgnoreCase) == true;
    }

    public void Dispose()
    {
        foreach (var picture in _pictures) picture.Dispose();
        _pictures.Clear();
    }

    private static RequestBody BodyOf(HttpRequest request) => new(request.BodyReader);

    private static bool IsPicture(string type) =>
        MediaTypeHeaderValue.TryParse(type, out var media) && IsPicture(type, media)
        && !media.MediaType.Equals(FormOfFields, StringComparison.OrdinalIgnoreCase);

    // curl calls a body a form of fields, if it is told nothing else.
    private static bool IsPicture(string? type, MediaTypeHeaderValue? media) =>
        string.IsNullOrEmpty(type)
        || (media is not null && (media.Type.Equals("image", StringComparison.OrdinalIgnoreCase)
            || media.MediaType.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            || media.MediaType.Equals(FormOfFields, StringComparison.OrdinalIgnoreCase)));

    private async Task ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        Limit(request, options.MaximumPictureBytes);
        var picture = Add(UploadedPicture.NameFor(null));
        if (!await picture.Body.TryReadAsync(BodyOf(request), options.MaximumPictureBytes, request.ContentLength, cancellationToken)
            .ConfigureAwait(false))
        {
            throw TooLarge(picture.Name);
        }
        if (picture.Body.Bytes.IsEmpty) throw new RefusedRequestException(400, "The request has no picture: its body is empty.");
    }

    private async Task ReadFormAsync(HttpRequest request, MediaTypeHeaderValue media, CancellationToken cancellationToken)
    {
        long most = ((long)options.MaximumPictureBytes + FieldBytes) * options.MaximumPictures;
        if (request.ContentLength > most)
            throw new RefusedRequestException(413, $"The request has {request.ContentLength} bytes, but at most {most} are read.");
        Limit(request, most);
        string? boundary = HeaderUtilities.RemoveQuotes(media.Boundary).Value;
        if (string.IsNullOrEmpty(boundary) || boundary.Length > LongestBoundary)
            throw new RefusedRequestException(400, "The form has no boundary, or too long a one.");
        // The reader of forms that ASP.NET has writes large files to disk; this one does not.
        var parts = new MultipartReader(boundary, BodyOf(request)) { HeadersCountLimit = MostHeaders, HeadersLengthLimit = HeaderBytes };
        try
        {
            int fields = 0;
            while (await parts.ReadNextSectionAsync(cancellationToken).ConfigureAwait(false) is { } part)
            {
                if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition))
                    throw new RefusedRequestException(400, "A part of the form has no Content-Disposition.");
                string? file = Unquoted(disposition.FileNameStar) ?? Unquoted(disposition.FileName);
                // Some programs name the type of a field, too.
                if (file is not null || (part.ContentType is { Length: > 0 } type && IsPicture(type)))
                    await ReadFileAsync(part, file, cancellationToken).ConfigureAwait(false);
                else if (++fields > MostFields)
                    throw new RefusedRequestException(400, "The form has too many fields.");
                else
                    await ReadFieldAsync(part, Unquoted(disposition.Name) ?? "", cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException and not BadHttpRequestException or InvalidDataException)
        {
            throw new RefusedRequestException(400, "The form is damaged, or ends too early.");
        }
    }

    private async Task ReadFileAsync(MultipartSection part, string? file, CancellationToken cancellationToken)
    {
        if (_pictures.Count == options.MaximumPictures)
            throw new RefusedRequestException(413, $"There are more than {options.MaximumPictures} pictures: send fewer at once.");
        var picture = Add(UploadedPicture.NameFor(file));
        if (!await picture.Body.TryReadAsync(part.Body, options.MaximumPictureBytes, null, cancellationToken).ConfigureAwait(false))
            throw TooLarge(picture.Name);
        if (picture.Body.Bytes.IsEmpty) throw new RefusedRequestException(400, $"The picture '{picture.Name}' is empty.");
    }

    private async Task ReadFieldAsync(MultipartSection part, string name, CancellationToken cancellationToken)
    {
        using var text = new BodyBuffer(_memory);
        if (!await text.TryReadAsync(part.Body, FieldBytes, null, cancellationToken).ConfigureAwait(false))
        {
            throw new RefusedRequestException(
                413, $"The field '{Parameters.Cut(name)}' is longer than {FieldBytes} bytes; send a picture as a file.");
        }
        Parameters.Set(name, Encoding.UTF8.GetString(text.Bytes.Span));
    }

    private async Task ReadJsonAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // Base64 has 4 characters for 3 bytes.
        long each = ((((long)options.MaximumPictureBytes + 2) / 3) * 4) + FieldBytes;
        int most = (int)Math.Min(each * options.MaximumPictures, Array.MaxLength);
        Limit(request, most);
        using var json = new BodyBuffer(_memory);
        if (!await json.TryReadAsync(BodyOf(request), most, request.ContentLength, cancellationToken).ConfigureAwait(false))
            throw new RefusedRequestException(413, $"The JSON is longer than the {most} bytes that are read.");
        new JsonPictures(this).Read(json.Bytes.Span);
    }

    /// <summary>Memory that counts towards the budget.</summary>
    internal BodyBuffer NewBuffer() => new(_memory);

    /// <summary>Adds a picture in base64.</summary>
    internal void AddBase64(ReadOnlySpan<byte> text, string name)
    {
        if (_pictures.Count == options.MaximumPictures)
            throw new RefusedRequestException(413, $"There are more than {options.MaximumPictures} pictures: send fewer at once.");
        // As a browser's FileReader gives it.
        if (text.StartsWith("data:"u8) && text.IndexOf(";base64,"u8) is >= 0 and var mark) text = text[(mark + ";base64,".Length)..];
        var picture = Add(name);
        var bytes = picture.Body.Take(System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(text.Length));
        if (System.Buffers.Text.Base64.DecodeFromUtf8(text, bytes, out _, out int written) != System.Buffers.OperationStatus.Done)
            throw new RefusedRequestException(400, $"The picture '{name}' is not base64.");
        picture.Body.SetLength(written);
        if (written == 0) throw new RefusedRequestException(400, $"The picture '{name}' is empty.");
        if (written > options.MaximumPictureBytes) throw TooLarge(name);
    }

    private UploadedPicture Add(string name)
    {
        var picture = new UploadedPicture(name, new BodyBuffer(_memory));
        _pictures.Add(picture);
        return picture;
    }

    // Kestrel's own limit is for other endpoints. This class counts itself, and knows which picture is too large.
    private static void Limit(HttpRequest request, long bytes)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = bytes + SlackBytes;
    }

    private static string? Unquoted(Microsoft.Extensions.Primitives.StringSegment text) =>
        text.HasValue ? HeaderUtilities.RemoveQuotes(text).Value : null;

    private RefusedRequestException TooLarge(string name) => new(
        413, $"The file of '{name}' is larger than {options.MaximumPictureBytes} bytes, the most that is read.");
}
