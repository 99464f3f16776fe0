using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights;

/// <summary>
/// Named tensors in a safetensors file (https://github.com/huggingface/safetensors, "Format"): eight bytes with the
/// header's length, the header as JSON, then the tensors' bytes, little-endian and row-major.
/// </summary>
public sealed class WeightsFile : IDisposable
{
    private const string MetadataKey = "__metadata__";
    private const int LengthBytes = 8;

    // The limit of the reference implementation.
    private const long MaximumHeaderBytes = 100_000_000;

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

    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly Dictionary<string, string> _metadata = [];

    private WeightsFile()
    {
    }

    /// <summary>The tensors by name, on the CPU; they live as long as this object.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>The texts kept with the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Writes the tensors beside <paramref name="path"/>, flushes them to disk and renames the file over it.</summary>
    /// <param name="path">The file; one that is there is replaced, and stays as it is if writing fails.</param>
    /// <param name="tensors">Tensors by name, of any device, type and stride; complex ones are refused.</param>
    /// <param name="metadata">Texts to keep with the tensors.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(Header(tensors, metadata));
            foreach (var (_, tensor) in tensors)
            {
                using var scope = NewDisposeScope();
                stream.Write(tensor.detach().cpu().contiguous().bytes);
            }
        });
    }

    /// <summary>Reads a safetensors file. The caller disposes of the result and of its tensors with it.</summary>
    /// <exception cref="WeightsFileException">The file is missing, cut short or not a safetensors file.</exception>
    public static WeightsFile Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = new WeightsFile();
        try
        {
            using var stream = File.OpenRead(path);
            file.Read(path, stream);
            return file;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            file.Dispose();
            throw new WeightsFileException(path, "does not exist", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            file.Dispose();
            throw new WeightsFileException(path, "is not a safetensors file: its header is damaged", e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Disposes of the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
        _tensors.Clear();
    }

    private static byte[] Header(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
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
            foreach (var (name, tensor) in tensors)
            {
                string type = s_types.FirstOrDefault(entry => entry.Value == tensor.dtype).Key
                    ?? throw new ArgumentException($"The tensor '{name}' is of type {tensor.dtype}, which safetensors does not have.", nameof(tensors));
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                json.WriteStartArray("shape");
                foreach (long length in tensor.shape) json.WriteNumberValue(length);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.numel() * tensor.element_size());
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces up to a multiple of eight keep the tensors aligned in a memory-mapped file.
        while (buffer.Length % LengthBytes != 0) buffer.WriteByte((byte)' ');
        var header = new byte[LengthBytes + buffer.Length];
        BinaryPrimitives.WriteInt64LittleEndian(header, buffer.Length);
        buffer.ToArray().CopyTo(header, LengthBytes);
        return header;
    }

    private void Read(string path, FileStream stream)
    {
        var prefix = new byte[LengthBytes];
        if (stream.ReadAtLeast(prefix, LengthBytes, throwOnEndOfStream: false) < LengthBytes)
            throw new WeightsFileException(path, "is not a safetensors file: it is shorter than eight bytes");
        long length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length < 2 || length > MaximumHeaderBytes || length > stream.Length - LengthBytes)
            throw new WeightsFileException(path, $"is not a safetensors file: it announces a header of {length} bytes");
        var header = new byte[length];
        stream.ReadExactly(header);

        using var json = JsonDocument.Parse(header);
        long start = LengthBytes + length;
        foreach (var entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == MetadataKey)
            {
                foreach (var text in entry.Value.EnumerateObject()) _metadata[text.Name] = text.Value.GetString()!;
            }
            else
            {
                if (_tensors.ContainsKey(entry.Name)) throw new WeightsFileException(path, $"is damaged: it has the tensor '{entry.Name}' twice");
                _tensors.Add(entry.Name, ReadTensor(path, stream, start, entry));
            }
        }
    }

    private static Tensor ReadTensor(string path, FileStream stream, long start, JsonProperty entry)
    {
        string typeName = entry.Value.GetProperty("dtype").GetString() ?? throw new FormatException();
        if (!s_types.TryGetValue(typeName, out var type))
            throw new WeightsFileException(path, $"has the tensor '{entry.Name}' of type {typeName}, which is not supported");
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > stream.Length - start)
            throw new WeightsFileException(path, $"is cut short or damaged: the tensor '{entry.Name}' lies outside of it");

        long count = shape.Aggregate(1L, (product, length) => length >= 0 ? checked(product * length) : throw new OverflowException());
        if (checked(count * type.ElementSize()) != offsets[1] - offsets[0])
            throw new WeightsFileException(path, $"is damaged: the tensor '{entry.Name}' has {offsets[1] - offsets[0]} bytes, but its shape needs {count * type.ElementSize()}");

        var tensor = empty(shape, type).DetachFromDisposeScope();
        stream.Position = start + offsets[0];
        try
        {
            if (count > 0) stream.ReadExactly(tensor.bytes);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }
}
