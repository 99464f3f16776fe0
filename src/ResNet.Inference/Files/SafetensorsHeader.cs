using System.Buffers.Binary;
using System.Text.Json;

namespace ResNet.Inference.Files;

/// <summary>Writes the beginning of safetensors files (https://github.com/huggingface/safetensors, "Format").</summary>
internal static class SafetensorsHeader
{
    /// <summary>The entry that has the metadata.</summary>
    internal const string MetadataKey = "__metadata__";

    /// <summary>The bytes of the header's length, before the header.</summary>
    internal const int LengthBytes = 8;

    /// <summary>The longest header: the limit of the reference implementation.</summary>
    internal const long MaximumBytes = 100_000_000;

    /// <summary>Writes the length and the header.</summary>
    /// <param name="tensors">The tensors in the order of their bytes, which follow without gaps.</param>
    /// <param name="metadata">Texts; null for none.</param>
    /// <exception cref="ArgumentException">The texts and names are too long.</exception>
    internal static byte[] Write(
        IEnumerable<(string Name, string Type, IReadOnlyList<long> Shape, long Bytes)> tensors,
        IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (name, text) in metadata) json.WriteString(name, text);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var (name, type, shape, bytes) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                json.WriteStartArray("shape");
                foreach (long length in shape) json.WriteNumberValue(length);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces up to a multiple of eight keep the tensors aligned in a memory-mapped file.
        while (buffer.Length % LengthBytes != 0) buffer.WriteByte((byte)' ');
        if (buffer.Length > MaximumBytes)
        {
            throw new ArgumentException(
                $"The texts and names need a header of {buffer.Length} bytes, but files of weights have at most {MaximumBytes}.",
                nameof(metadata));
        }
        var header = new byte[LengthBytes + buffer.Length];
        BinaryPrimitives.WriteInt64LittleEndian(header, buffer.Length);
        buffer.ToArray().CopyTo(header, LengthBytes);
        return header;
    }
}
