using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace ResNet.Training.Data.Packs;

/// <summary>
/// The beginning of a pack, which is a safetensors file (https://huggingface.co/docs/safetensors): the header's length, the header in
/// JSON, padded with spaces, then the data.
/// </summary>
internal sealed record PackHeader
{
    public const string Format = "resnet-pack";
    public const int Version = 1;

    // Keeps the parts of the index within the limits of arrays.
    public const int MaxImages = (1 << 28) - 2;
    public const int MaxNameBytes = 1 << 30;

    private const long MaxPixelBytes = 1L << 60;
    private const int LongestHeader = 100_000_000;
    private const int Alignment = 8;

    private static readonly string s_noDigest = new('0', 2 * SHA256.HashSizeInBytes);
    private static readonly string[] s_tensors = ["pixels", "offsets", "labels", "sizes", "checksums", "names"];
    private static readonly string[] s_types = ["U8", "I64", "I64", "I32", "I64", "U8"];
    private static readonly int[] s_bytes = [1, 8, 8, 4, 8, 1];

    public required IReadOnlyList<string> Classes { get; init; }

    public required int Channels { get; init; }

    /// <summary>The length to which the shorter side was reduced; 0 if no image was resized.</summary>
    public required int ShorterSide { get; init; }

    /// <summary>The folder that was packed.</summary>
    public required string Source { get; init; }

    /// <summary>The digest of the names and lengths of the files that were packed.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The digest of this header, without the digest itself, and of the index.</summary>
    public string Digest { get; init; } = s_noDigest;

    /// <summary>The size of all pixels in bytes, and of the zeros after them that align the index.</summary>
    public long PixelBytes { get; init; } = MaxPixelBytes;

    public int Images { get; init; } = MaxImages;

    public int NameBytes { get; init; } = MaxNameBytes;

    /// <summary>The size of the data in bytes: pixels, then the parts of the index.</summary>
    public long DataBytes => Lengths().Sum();

    /// <summary>
    /// The maximum size in bytes of the header in the file, with the length before it,
    /// while its numbers are unknown: it uses the numbers with the most digits.
    /// </summary>
    public long Room => sizeof(long) + Aligned(ToJson().Length);

    /// <summary>Rounds a number of bytes up to a multiple of eight.</summary>
    public static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>Returns the header in the form of the file, padded to a number of bytes.</summary>
    public byte[] ToBytes(long room)
    {
        var bytes = new byte[room];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, room - sizeof(long));
        bytes.AsSpan(sizeof(long)).Fill((byte)' ');
        ToJson().CopyTo(bytes.AsSpan(sizeof(long)));
        return bytes;
    }

    /// <summary>Computes the correct <see cref="Digest"/>, in hexadecimal.</summary>
    public string DigestWith(PackIndex index, long room)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            stream.Write((this with { Digest = s_noDigest }).ToBytes(room));
            index.WriteTo(stream);
        }
        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>Reads the beginning of a file.</summary>
    /// <param name="file">The file, at its beginning.</param>
    /// <param name="room">The size of the header in bytes: the position of the data.</param>
    /// <exception cref="InvalidDataException">
    /// The file is not a pack, or its header is damaged; the message says which, and follows the file's name.
    /// </exception>
    public static PackHeader Read(Stream file, out long room)
    {
        var start = new byte[sizeof(long)];
        if (file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length)
            throw new InvalidDataException("it is too short to be a pack of images");
        var length = BinaryPrimitives.ReadInt64LittleEndian(start);
        if (length is < 2 or > LongestHeader || length > file.Length - start.Length)
            throw new InvalidDataException("it is not a pack of images, or its beginning is damaged");
        var json = new byte[length];
        file.ReadExactly(json);
        room = start.Length + length;
        try
        {
            using var document = JsonDocument.Parse(json);
            var header = FromJson(document.RootElement);
            // There is only one way to write a header, so a header that differs is damaged.
            return header.ToJson().Length <= length && header.ToBytes(room).AsSpan(sizeof(long)).SequenceEqual(json)
                ? header
                : throw new FormatException();
        }
        catch (Exception failure) when (
            failure is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or OverflowException)
        {
            throw new InvalidDataException("it is not a pack of images, or its header is damaged", failure);
        }
    }

    private long[] Lengths() => [PixelBytes, 8 * (Images + 1L), 8L * Images, 8L * Images, 8L * Images, NameBytes];

    private byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", Format);
            json.WriteString("version", $"{Version}");
            json.WriteString("classes", JsonSerializer.Serialize(Classes));
            json.WriteString("channels", $"{Channels}");
            json.WriteString("shorter_side", $"{ShorterSide}");
            json.WriteString("source", Source);
            json.WriteString("fingerprint", Fingerprint);
            json.WriteString("digest", Digest);
            json.WriteEndObject();
            WriteTensors(json);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private void WriteTensors(Utf8JsonWriter json)
    {
        var lengths = Lengths();
        long start = 0;
        for (var i = 0; i < lengths.Length; i++)
        {
            json.WriteStartObject(s_tensors[i]);
            json.WriteString("dtype", s_types[i]);
            json.WriteStartArray("shape");
            json.WriteNumberValue(s_tensors[i] == "sizes" ? Images : lengths[i] / s_bytes[i]);
            if (s_tensors[i] == "sizes") json.WriteNumberValue(2);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(start);
            json.WriteNumberValue(start += lengths[i]);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static PackHeader FromJson(JsonElement root)
    {
        var metadata = root.GetProperty("__metadata__");
        if (Text("format") != Format) throw new InvalidDataException("it is not a pack of images");
        if (Text("version") != $"{Version}")
            throw new InvalidDataException($"it is a pack of version '{Text("version")}' where this library reads version {Version}");
        return new PackHeader
        {
            Classes = JsonSerializer.Deserialize<string[]>(Text("classes")) is { } classes && !classes.Contains(null)
                ? classes
                : throw new FormatException(),
            Channels = Number("channels") is var channels and (1 or 3) ? channels : throw new FormatException(),
            ShorterSide = Number("shorter_side"),
            Source = Text("source"),
            Fingerprint = Text("fingerprint"),
            Digest = Text("digest"),
            PixelBytes = Elements("pixels", MaxPixelBytes),
            Images = (int)Elements("labels", MaxImages),
            NameBytes = (int)Elements("names", MaxNameBytes),
        };

        string Text(string name) => metadata.GetProperty(name).GetString() ?? throw new FormatException();
        int Number(string name) => int.Parse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture);
        long Elements(string name, long most) =>
            root.GetProperty(name).GetProperty("shape") is { ValueKind: JsonValueKind.Array } shape
            && shape.GetArrayLength() > 0
            && shape[0].GetInt64() is var count
            && count >= 0
            && count <= most
                ? count
                : throw new FormatException();
    }
}
