using System.Buffers.Binary;
using System.Text.Json;
using ResNet.Core.Weights.Formats.Storage;
using ResNet.Inference.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats;

/// <summary>
/// The safetensors format (https://github.com/huggingface/safetensors, "Format"): eight bytes with the header's length, the
/// header as JSON, then the tensors' bytes, little-endian and row-major, one after the other without gaps.
/// </summary>
internal static class Safetensors
{
    internal const string MetadataKey = SafetensorsHeader.MetadataKey;

    private const int LengthBytes = SafetensorsHeader.LengthBytes;

    private static readonly Dictionary<string, ScalarType> s_types = new()
    {
        ["F64"] = ScalarType.Float64,
        ["F32"] = ScalarType.Float32,
        ["F16"] = ScalarType.Float16,
        ["BF16"] = ScalarType.BFloat16,
        ["I64"] = ScalarType.Int64,
        ["I32"] = ScalarType.Int32,
        ["I16"] = ScalarType.Int16,
        ["I8"] = ScalarType.Int8,
        ["U8"] = ScalarType.Byte,
        ["BOOL"] = ScalarType.Bool,
    };

    /// <summary>Recognises this format by a file's start: a length of less than 2⁴⁰, then the header's opening brace.</summary>
    internal static bool Matches(ReadOnlySpan<byte> start) =>
        start.Length > LengthBytes && start[LengthBytes] == '{' && start[5] == 0 && start[6] == 0 && start[7] == 0;

    internal static (Dictionary<string, StoredTensor> Tensors, Dictionary<string, string> Metadata) Read(MappedFile file)
    {
        var prefix = new byte[LengthBytes];
        file.ReadExactly(prefix);
        long length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length < 2 || length > SafetensorsHeader.MaximumBytes || length > file.Length - LengthBytes)
            throw new WeightsFileException(file.Path, $"is cut short or no safetensors file: it announces a header of {length} bytes");
        var header = new byte[length];
        file.ReadExactly(header);

        var tensors = new Dictionary<string, StoredTensor>();
        var metadata = new Dictionary<string, string>();
        var ranges = new List<(long Begin, long End, string Name)>();
        long start = LengthBytes + length;
        try
        {
            using var json = JsonDocument.Parse(header);
            foreach (var entry in json.RootElement.EnumerateObject())
            {
                if (entry.Name == MetadataKey)
                {
                    foreach (var text in entry.Value.EnumerateObject())
                        metadata[text.Name] = text.Value.GetString() ?? throw new FormatException();
                }
                else
                {
                    var (tensor, begin) = ReadTensor(file, start, entry);
                    StorageLimits.Add(file.Path, tensors, entry.Name, tensor);
                    ranges.Add((begin, begin + tensor.Storage.Bytes, entry.Name));
                }
            }
        }
        catch (Exception e) when (
            e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new WeightsFileException(file.Path, "is no safetensors file, or its header is damaged", e);
        }
        RefuseHoles(file, start, ranges);
        return (tensors, metadata);
    }

    internal static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        stream.Write(SafetensorsHeader.Write(
            tensors.Select(entry => (
                entry.Key, s_types.First(type => type.Value == entry.Value.dtype).Key, (IReadOnlyList<long>)entry.Value.shape,
                entry.Value.numel() * entry.Value.element_size())),
            metadata));
        foreach (var tensor in tensors.Values) TensorBytes.Write(stream, tensor);
    }

    private static (StoredTensor Tensor, long Begin) ReadTensor(MappedFile file, long start, JsonProperty entry)
    {
        string typeName = entry.Value.GetProperty("dtype").GetString() ?? throw new FormatException();
        if (!s_types.TryGetValue(typeName, out var type))
            throw new WeightsFileException(file.Path, $"has the tensor '{entry.Name}' of type {typeName}, which is not supported");
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (shape.Length > StoredTensor.MaximumDimensions)
            throw new WeightsFileException(file.Path, $"is damaged: the tensor '{entry.Name}' has {shape.Length} dimensions");
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > file.Length - start)
            throw new WeightsFileException(file.Path, $"is cut short or damaged: the tensor '{entry.Name}' lies outside of it");

        var storage = new StoredStorage(type, StoredTensor.Elements(shape)) { IsSwapped = !BitConverter.IsLittleEndian };
        long bytes = checked(storage.Count * type.ElementSize());
        if (bytes != offsets[1] - offsets[0])
            throw new WeightsFileException(
                file.Path,
                $"is damaged: the tensor '{entry.Name}' has {offsets[1] - offsets[0]} bytes, but its shape needs {bytes}");
        storage.Open = file.From(start + offsets[0]);
        return (StoredTensor.Contiguous(storage, shape), offsets[0]);
    }

    // The format requires that every byte belongs to exactly one tensor.
    private static void RefuseHoles(MappedFile file, long start, List<(long Begin, long End, string Name)> ranges)
    {
        long end = 0;
        foreach (var range in ranges.OrderBy(range => range.Begin).ThenBy(range => range.End))
        {
            if (range.Begin != end)
            {
                throw new WeightsFileException(
                    file.Path,
                    $"is damaged: the tensor '{range.Name}' begins at byte {range.Begin} of the data, "
                    + $"but the one before it ends at {end}");
            }
            end = range.End;
        }
        if (end != file.Length - start)
            throw new WeightsFileException(
                file.Path, $"is damaged: its tensors have {end} bytes, but {file.Length - start} follow the header");
    }
}
