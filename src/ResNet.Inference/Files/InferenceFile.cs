using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text.Json;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Files;

/// <summary>
/// A safetensors file (https://github.com/huggingface/safetensors, "Format") with folded weights in single precision. Its metadata
/// contain the plan of the layers and a checksum of all weights. The file stays mapped, and is read when weights are packed.
/// </summary>
internal sealed unsafe class InferenceFile : IDisposable
{
    internal const string VersionKey = "resnet.inference", PlanKey = "plan", ChecksumKey = "checksum", ClassesKey = "classes",
        PreprocessingKey = "preprocessing", LicenseKey = "license";

    /// <summary>The version of the format, in the metadata under <see cref="VersionKey"/>.</summary>
    internal const string Version = "1";

    /// <summary>The name of a file without a name, in messages.</summary>
    internal const string StreamName = "the stream";

    private const string MetadataName = "__metadata__";

    private const int LengthBytes = 8;
    private const long MaximumHeaderBytes = 100_000_000;

    private readonly Dictionary<string, (long[] Shape, long Begin, int Count)> _tensors = [];
    private readonly Dictionary<string, string> _metadata = [];
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly GCHandle _pinned;
    private readonly string _name;
    private readonly byte* _bytes;
    private readonly long _length;
    private long _start;

    private InferenceFile(string name, MemoryMappedFile file, long length)
    {
        (_name, _file, _length) = (name, file, length);
        _view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
        _bytes += _view.PointerOffset;
    }

    private InferenceFile(string name, byte[] content)
    {
        (_name, _length) = (name, content.Length);
        _pinned = GCHandle.Alloc(content, GCHandleType.Pinned);
        _bytes = (byte*)_pinned.AddrOfPinnedObject();
    }

    /// <summary>The plan, already checked.</summary>
    internal InferencePlan Plan { get; private set; } = null!;

    /// <summary>The channels of each value of the plan.</summary>
    internal int[] Channels { get; private set; } = [];

    /// <summary>The names of the classes; null if the file has none.</summary>
    internal IReadOnlyList<string>? Classes { get; private set; }

    /// <summary>The preprocessing of images; null if the file has none.</summary>
    internal StoredPreprocessing? Preprocessing { get; private set; }

    internal IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <exception cref="InferenceFileException">The file cannot be read, is damaged, or is no file for inference.</exception>
    internal static InferenceFile Open(string path)
    {
        MemoryMappedFile? mapped = null;
        try
        {
            if (Directory.Exists(path)) throw new InferenceFileException(path, "is a folder: name a file in it");
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            // An empty file, and a pipe, cannot be mapped.
            if (!stream.CanSeek || stream.Length <= LengthBytes)
            {
                stream.Dispose();
                throw new InferenceFileException(path, "is no file for inference");
            }
            long length = stream.Length;
            mapped = MemoryMappedFile.CreateFromFile(
                stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new InferenceFile(path, mapped, length).Read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InferenceFileException(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mapped?.Dispose();
            throw new InferenceFileException(path, $"cannot be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <inheritdoc cref="Open(string)"/>
    internal static InferenceFile Open(Stream stream)
    {
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        return new InferenceFile(StreamName, buffer.ToArray()).Read();
    }

    /// <summary>The shape of a tensor; null if there is none of that name.</summary>
    internal IReadOnlyList<long>? ShapeOf(string name) => _tensors.TryGetValue(name, out var tensor) ? tensor.Shape : null;

    /// <summary>Reads a tensor.</summary>
    internal float[] ReadTensor(string name)
    {
        var (_, begin, count) = _tensors[name];
        var values = new float[count];
        new ReadOnlySpan<byte>(_bytes + _start + begin, count * sizeof(float)).CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<float, int>(values.AsSpan());
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        return values;
    }

    public void Dispose()
    {
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
        }
        if (_pinned.IsAllocated) _pinned.Free();
    }

    private InferenceFile Read()
    {
        try
        {
            ReadHeader();
            CheckSum();
            Plan = PlanJson.Read(_metadata.GetValueOrDefault(PlanKey) ?? throw new FormatException("it has no plan"));
            Channels = Plan.Check(ShapeOf);
            if (_metadata.TryGetValue(ClassesKey, out string? classes)) Classes = Names(classes);
            if (_metadata.TryGetValue(PreprocessingKey, out string? text)) Preprocessing = StoredPreprocessing.Read(text, Plan.Channels);
            return this;
        }
        catch (FormatException e)
        {
            Dispose();
            throw new InferenceFileException(_name, $"is damaged: {e.Message}", e);
        }
        catch (InferenceFileException)
        {
            Dispose();
            throw;
        }
    }

    private void ReadHeader()
    {
        Refuse(_length <= LengthBytes, "is no file for inference");
        long length = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(_bytes, LengthBytes));
        Refuse(length is < 2 or > MaximumHeaderBytes || length > _length - LengthBytes, "is cut short, or no file for inference");
        _start = LengthBytes + length;
        long end = 0;
        try
        {
            var reader = new Utf8JsonReader(new ReadOnlySpan<byte>(_bytes + LengthBytes, (int)length));
            using var json = JsonDocument.ParseValue(ref reader);
            if (json.RootElement.TryGetProperty(MetadataName, out var metadata))
            {
                foreach (var text in metadata.EnumerateObject()) _metadata[text.Name] = text.Value.GetString() ?? "";
            }
            Refuse(!_metadata.TryGetValue(VersionKey, out string? version), "is no file for inference: make one with SaveForInference");
            Refuse(version != Version, $"has the format {version}, but this version reads {Version}: make the file again");
            foreach (var entry in json.RootElement.EnumerateObject())
            {
                if (entry.Name != MetadataName) end = Math.Max(end, ReadEntry(entry));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            throw new FormatException("its header cannot be read", e);
        }
        if (end != _length - _start) throw new FormatException($"its tensors end at byte {end}, but {_length - _start} follow the header");
    }

    private long ReadEntry(JsonProperty entry)
    {
        if (entry.Value.GetProperty("dtype").GetString() != "F32") throw new FormatException($"the tensor '{entry.Name}' is not of the type F32");
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        long count = shape.Length <= 4 && shape.All(length => length >= 1) ? shape.Aggregate(1L, (product, length) => checked(product * length)) : 0;
        bool fits = offsets.Length == 2 && offsets[0] >= 0 && offsets[1] <= _length - _start && offsets[0] % sizeof(float) == 0
            && count is >= 1 and <= int.MaxValue / sizeof(float) && offsets[1] - offsets[0] == count * sizeof(float);
        if (!fits) throw new FormatException($"the tensor '{entry.Name}' does not fit its shape, or lies outside of the file");
        if (!_tensors.TryAdd(entry.Name, (shape, offsets[0], (int)count))) throw new FormatException($"the tensor '{entry.Name}' is there twice");
        return offsets[1];
    }

    private string[] Names(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            string[] names = [.. document.RootElement.EnumerateArray().Select(name => name.GetString() ?? "")];
            return names.Length == Channels[^1] ? names : throw new FormatException($"it names {names.Length} of {Channels[^1]} classes");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException("its list of classes cannot be read", e);
        }
    }

    private void CheckSum()
    {
        var hash = new XxHash3();
        for (long begin = _start; begin < _length; begin += 1 << 30)
            hash.Append(new ReadOnlySpan<byte>(_bytes + begin, (int)Math.Min(1 << 30, _length - begin)));
        if (_metadata.GetValueOrDefault(ChecksumKey) != Convert.ToHexStringLower(hash.GetCurrentHash()))
            throw new FormatException("its checksum does not fit its weights");
    }

    private void Refuse(bool isSo, string problem)
    {
        if (isSo) throw new InferenceFileException(_name, problem);
    }
}
