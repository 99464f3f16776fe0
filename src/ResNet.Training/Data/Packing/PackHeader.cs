using System.Text.Json;

namespace ResNet.Training.Data.Packing;

/// <summary>
/// The beginning of a pack, which is a safetensors file (https://huggingface.co/docs/safetensors): the header's length, the header in
/// JSON, filled up with spaces, then the data.
/// </summary>
internal sealed record PackHeader
{
    public const string Format = "resnet-pack";
    public const int Version = 1;

    // A header with 64-bit numbers of any size fits into what its first draft takes.
    private const long Largest = long.MaxValue;
    private const int LongestHeader = 100 << 20;

    private static readonly string[] s_tensors = ["pixels", "offsets", "labels", "sizes", "checksums", "names"];
    private static readonly string[] s_types = ["U8", "I64", "I64", "I32", "U32", "U8"];
    private static readonly int[] s_bytes = [1, 8, 8, 4, 4, 1];

    public required IReadOnlyList<string> Classes { get; init; }

    public required int Channels { get; init; }

    /// <summary>What the shorter side was reduced to; 0 where no image was resized.</summary>
    public required int ShorterSide { get; init; }

    /// <summary>The folder that was packed.</summary>
    public required string Source { get; init; }

    /// <summary>The digest of the names and lengths of the files that were packed.</summary>
    public required string Fingerprint { get; init; }

    public string IndexDigest { get; init; } = new('0', 64);

    public long PixelBytes { get; init; } = Largest;

    public long Images { get; init; } = Largest;

    public long NameBytes { get; init; } = Largest;

    /// <summary>How many bytes the header of such a pack takes, its length before it included, whatever its numbers are.</summary>
    public long Room(int images, int nameBytes)
    {
        var draft = (this with { Images = images, NameBytes = nameBytes, PixelBytes = Largest / 16 }).ToJson().Length;
        return sizeof(long) + ((draft + 7) / 8 * 8);
    }

    /// <summary>The header, filled up to so many bytes.</summary>
    public byte[] ToBytes(long room)
    {
        var json = ToJson();
        var bytes = new byte[room];
        BitConverter.TryWriteBytes(bytes, BitConverter.IsLittleEndian ? room - sizeof(long) : throw new PlatformNotSupportedException("Packs are written on little-endian machines."));
        bytes.AsSpan(sizeof(long)).Fill((byte)' ');
        json.CopyTo(bytes.AsSpan(sizeof(long)));
        return bytes;
    }

    /// <summary>Reads the beginning of a file.</summary>
    /// <param name="file">The file, at its beginning.</param>
    /// <param name="dataStart">Where the data begin.</param>
    /// <exception cref="InvalidDataException">It is no pack, or its header is damaged; the message says which, to follow the file's name.</exception>
    public static PackHeader Read(Stream file, out long dataStart)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        if (file.ReadAtLeast(number, number.Length, throwOnEndOfStream: false) < number.Length) throw new InvalidDataException("it is too short to be a pack");
        var length = BitConverter.ToInt64(number);
        if (length is < 2 or > LongestHeader || length > file.Length - sizeof(long)) throw new InvalidDataException("it is not a pack of images, or its beginning is damaged");
        var json = new byte[length];
        file.ReadExactly(json);
        dataStart = sizeof(long) + length;
        try
        {
            using var document = JsonDocument.Parse(json);
            return FromJson(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException("it is not a pack of images, or its header is damaged", failure);
        }
    }

    /// <summary>Bytes of the data: pixels, then the parts of the index.</summary>
    public long[] Lengths() => [PixelBytes, 8 * (Images + 1), 8 * Images, 8 * Images, 4 * Images, NameBytes];

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
            json.WriteString("index_sha256", IndexDigest);
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
        if (Text("version") != $"{Version}") throw new InvalidDataException($"it is a pack of version {Text("version")}, and this library reads version {Version}; pack the folder again");
        var header = new PackHeader
        {
            Classes = JsonSerializer.Deserialize<string[]>(Text("classes")) ?? [],
            Channels = Number("channels"),
            ShorterSide = Number("shorter_side"),
            Source = Text("source"),
            Fingerprint = Text("fingerprint"),
            IndexDigest = Text("index_sha256"),
            PixelBytes = Elements("pixels"),
            Images = Elements("labels"),
            NameBytes = Elements("names"),
        };
        // Everything else follows from these: what does not say the same is damaged.
        using var expected = JsonDocument.Parse(header.ToJson());
        if (header.Channels is not (1 or 3) || !JsonElement.DeepEquals(root, expected.RootElement)) throw new InvalidDataException("its header is damaged");
        return header;

        string Text(string name) => metadata.GetProperty(name).GetString() ?? throw new FormatException();
        int Number(string name) => int.Parse(Text(name), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
        long Elements(string name) => root.GetProperty(name).GetProperty("shape")[0].GetInt64() is var count and >= 0 and < Largest / 16 ? count : throw new FormatException();
    }
}
