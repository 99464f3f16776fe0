using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using ResNet.Inference.Kernels.Int8;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Files;

/// <summary>
/// A safetensors file (https://github.com/huggingface/safetensors, "Format") with folded weights in single precision. Its metadata
/// contain the plan of the layers and a checksum of all weights. The file stays open, and is read when weights are packed.
/// </summary>
internal sealed class InferenceFile : IDisposable
{
    internal const string VersionKey = "resnet.inference", PlanKey = "plan", ChecksumKey = "checksum", ClassesKey = "classes",
        PreprocessingKey = "preprocessing", LicenseKey = "license";

    /// <summary>The version of the format, in the metadata under <see cref="VersionKey"/>.</summary>
    internal const string Version = "1";

    /// <summary>The version of files that have 8-bit weights too.</summary>
    internal const string Int8Version = "2";

    /// <summary>The name of a file without a name, in messages.</summary>
    internal const string StreamName = "the stream";

    /// <summary>The types of tensors.</summary>
    internal const string FloatType = "F32", SignedByteType = "I8";

    private const int LengthBytes = SafetensorsHeader.LengthBytes;

    // Fits the caches of a core.
    private const int ChunkBytes = 1 << 18;

    private readonly Dictionary<string, (long[] Shape, long Begin, int Count, bool IsBytes)> _tensors = [];
    private readonly Dictionary<string, string> _metadata = [];
    private readonly SafeFileHandle? _handle;
    private readonly byte[] _content;
    private readonly string _name;
    private readonly long _length;
    private long _start;

    private InferenceFile(string name, SafeFileHandle? handle, byte[] content, long length) =>
        (_name, _handle, _content, _length) = (name, handle, content, length);

    /// <summary>The file, or another name of the source.</summary>
    internal string Name => _name;

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
        SafeFileHandle? handle = null;
        try
        {
            if (Directory.Exists(path)) throw new InferenceFileException(path, "is a folder: name a file in it");
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            return new InferenceFile(path, handle, [], RandomAccess.GetLength(handle)).Read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InferenceFileException(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            handle?.Dispose();
            throw new InferenceFileException(path, $"cannot be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <inheritdoc cref="Open(string)"/>
    internal static InferenceFile Open(Stream stream)
    {
        var buffer = new MemoryStream();
        try
        {
            stream.CopyTo(buffer);
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            throw new InferenceFileException(StreamName, $"cannot be read: {e.Message.TrimEnd('.')}", e);
        }
        return new InferenceFile(StreamName, null, buffer.GetBuffer(), buffer.Length).Read();
    }

    /// <summary>Returns whether the metadata of a file name the format.</summary>
    internal static bool IsOne(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            var file = new InferenceFile(path, handle, [], RandomAccess.GetLength(handle));
            try
            {
                file.ReadHeader();
            }
            catch (Exception e) when (e is FormatException or InferenceFileException)
            {
                // The metadata may have been read before.
            }
            return file._metadata.ContainsKey(VersionKey);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>The shape of a tensor; null if there is none of that name.</summary>
    internal IReadOnlyList<long>? ShapeOf(string name) => _tensors.TryGetValue(name, out var tensor) ? tensor.Shape : null;

    /// <summary>Reads a tensor.</summary>
    internal float[] ReadTensor(string name)
    {
        var values = new float[_tensors[name].Count];
        ReadTensor(name, values);
        return values;
    }

    /// <summary>Reads a tensor into memory that is as long.</summary>
    internal void ReadTensor(string name, Span<float> values)
    {
        ReadAt(_start + _tensors[name].Begin, MemoryMarshal.AsBytes(values));
        if (BitConverter.IsLittleEndian) return;
        var words = MemoryMarshal.Cast<float, int>(values);
        BinaryPrimitives.ReverseEndianness(words, words);
    }

    /// <summary>
    /// Reads the weights of the classifier <c>[classes, features]</c>, those of 8 bits as the floats that they stand for.
    /// </summary>
    internal float[] ReadClassifier()
    {
        var layer = Plan.Layers[^1];
        if (layer.WeightScale is not { } scaleName) return ReadTensor(layer.Weight!);
        float[] scales = ReadTensor(scaleName);
        sbyte[] weights = ReadBytes(layer.Weight!);
        int features = weights.Length / scales.Length;
        return [.. weights.Select((weight, i) => weight * scales[i / features])];
    }

    /// <summary>Reads a tensor of signed bytes.</summary>
    internal sbyte[] ReadBytes(string name)
    {
        var values = new sbyte[_tensors[name].Count];
        ReadBytes(name, values);
        return values;
    }

    /// <summary>Reads a tensor of signed bytes into memory that is as long.</summary>
    internal void ReadBytes(string name, Span<sbyte> values) => ReadAt(_start + _tensors[name].Begin, MemoryMarshal.AsBytes(values));

    public void Dispose() => _handle?.Dispose();

    private InferenceFile Read()
    {
        try
        {
            ReadHeader();
            // Reading all weights takes as long as reading the plan in a process that has just begun.
            var isSound = Task.Run(HasChecksum);
            ExceptionDispatchInfo? wrong = null;
            try
            {
                ReadMetadata();
            }
            catch (Exception e)
            {
                wrong = ExceptionDispatchInfo.Capture(e);
            }
            // In any case: the task reads the file, which may be closed next.
            if (!isSound.GetAwaiter().GetResult()) throw new FormatException("its checksum does not fit its weights");
            wrong?.Throw();
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

    private void ReadMetadata()
    {
        Plan = PlanJson.Read(_metadata.GetValueOrDefault(PlanKey) ?? throw new FormatException("it has no plan"));
        Channels = Plan.Check(ShapeOf);
        foreach (var layer in Plan.Layers) CheckNumbers(layer);
        if (_metadata.TryGetValue(ClassesKey, out string? classes)) Classes = Names(classes);
        if (_metadata.TryGetValue(PreprocessingKey, out string? text)) Preprocessing = StoredPreprocessing.Read(text, Plan.Channels);
    }

    private void ReadAt(long position, Span<byte> target)
    {
        if (_handle is null)
        {
            _content.AsSpan((int)position, target.Length).CopyTo(target);
            return;
        }
        while (target.Length > 0)
        {
            int read = RandomAccess.Read(_handle, target, position);
            if (read == 0)
                throw new InferenceFileException(_name, "became shorter while it was in use: replace it by renaming another file");
            position += read;
            target = target[read..];
        }
    }

    private void ReadHeader()
    {
        Refuse(_length <= LengthBytes, "is no file for inference");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        ReadAt(0, prefix);
        long length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        Refuse(
            length is < 2 or > SafetensorsHeader.MaximumBytes || length > _length - LengthBytes,
            "is cut short, or no file for inference");
        _start = LengthBytes + length;
        long bytes = 0;
        try
        {
            var header = new byte[length];
            ReadAt(LengthBytes, header);
            using var json = JsonDocument.Parse(header);
            if (json.RootElement.TryGetProperty(SafetensorsHeader.MetadataKey, out var metadata))
            {
                foreach (var text in metadata.EnumerateObject()) _metadata[text.Name] = text.Value.GetString() ?? "";
            }
            Refuse(!_metadata.TryGetValue(VersionKey, out string? version), "is no file for inference: make one with SaveForInference");
            Refuse(
                version is not (Version or Int8Version),
                $"has the format {version}, but this version reads {Version} and {Int8Version}: make the file again");
            foreach (var entry in json.RootElement.EnumerateObject())
            {
                if (entry.Name != SafetensorsHeader.MetadataKey) bytes = checked(bytes + ReadEntry(entry));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            throw new FormatException("its header cannot be read", e);
        }
        // Tensors may not share bytes, or a small file would need much memory.
        if (bytes != _length - _start)
            throw new FormatException($"its tensors have {bytes} bytes, but {_length - _start} follow the header");
    }

    private long ReadEntry(JsonProperty entry)
    {
        string? type = entry.Value.GetProperty("dtype").GetString();
        if (type is not (FloatType or SignedByteType))
            throw new FormatException($"the tensor '{entry.Name}' is not of the type {FloatType} or {SignedByteType}");
        int bytes = type == FloatType ? sizeof(float) : 1;
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(JsonNumber.Int64)];
        long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(JsonNumber.Int64)];
        bool isShape = shape.Length <= 4 && shape.All(length => length >= 1);
        long count = isShape ? shape.Aggregate(1L, (product, length) => checked(product * length)) : 0;
        bool fits = offsets.Length == 2 && offsets[0] >= 0 && offsets[1] >= offsets[0] && offsets[1] <= _length - _start
            && offsets[0] % bytes == 0
            && count is >= 1 and <= int.MaxValue / sizeof(float) && offsets[1] - offsets[0] == count * bytes;
        if (!fits) throw new FormatException($"the tensor '{entry.Name}' does not fit its shape, or lies outside of the file");
        if (!_tensors.TryAdd(entry.Name, (shape, offsets[0], (int)count, bytes == 1)))
            throw new FormatException($"the tensor '{entry.Name}' is there twice");
        return offsets[1] - offsets[0];
    }

    // Tensors are of the type that their layer needs, and 8-bit layers have numbers that every processor computes alike.
    private void CheckNumbers(Layer layer)
    {
        bool isInt8 = layer.IsInt8;
        foreach (string name in layer.Tensors)
        {
            bool isWeight = name == layer.Weight;
            if (_tensors[name].IsBytes != (isInt8 && isWeight))
                throw new FormatException($"the tensor '{name}' has to be of the type {(isInt8 && isWeight ? SignedByteType : FloatType)}");
        }
        if (!isInt8) return;
        const int Greatest = Int8Kernels.MaximumWeight;
        sbyte[] weights = ReadBytes(layer.Weight!);
        if (weights.AsSpan().IndexOfAnyExceptInRange((sbyte)-Greatest, (sbyte)Greatest) is >= 0 and var wrong)
        {
            throw new FormatException(
                $"the tensor '{layer.Weight}' has the weight {weights[wrong]}, which is not between -{Greatest} and {Greatest}");
        }
        const float Least = InferencePlan.MinimumScale, Most = InferencePlan.MaximumScale;
        if (!ReadTensor(layer.WeightScale!).All(scale => scale is >= Least and <= Most))
            throw new FormatException($"the tensor '{layer.WeightScale}' has a scale that is not between {Least} and {Most}");
        if (layer.Bias is not null && !ReadTensor(layer.Bias).All(float.IsFinite))
            throw new FormatException($"the tensor '{layer.Bias}' contains NaN or infinite numbers");
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

    private bool HasChecksum()
    {
        var hash = new XxHash3();
        var chunk = new byte[Math.Min(ChunkBytes, _length - _start)];
        for (long begin = _start; begin < _length; begin += ChunkBytes)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(ChunkBytes, _length - begin));
            ReadAt(begin, part);
            hash.Append(part);
        }
        return _metadata.GetValueOrDefault(ChecksumKey) == Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private void Refuse(bool isSo, string problem)
    {
        if (isSo) throw new InferenceFileException(_name, problem);
    }
}
