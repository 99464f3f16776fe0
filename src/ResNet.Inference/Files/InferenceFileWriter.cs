using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Files;

/// <summary>Writes a file for inference.</summary>
internal sealed class InferenceFileWriter
{
    private readonly List<(string Name, string Type, IReadOnlyList<long> Shape, long Bytes, Action<Stream> Write)> _tensors = [];

    /// <summary>Adds a tensor of signed bytes.</summary>
    internal void Add(string name, IReadOnlyList<long> shape, sbyte[] values) => _tensors.Add((
        name, InferenceFile.SignedByteType, shape, values.Length, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan()))));

    /// <summary>Adds a tensor of floats.</summary>
    internal void Add(string name, IReadOnlyList<long> shape, float[] values) => AddFloats(name, shape, stream =>
    {
        if (BitConverter.IsLittleEndian)
        {
            stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            return;
        }
        var words = MemoryMarshal.Cast<float, int>(values.AsSpan()).ToArray();
        BinaryPrimitives.ReverseEndianness(words, words);
        stream.Write(MemoryMarshal.AsBytes(words.AsSpan()));
    });

    /// <summary>Adds a tensor of floats.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="write">Writes its floats, little-endian. It is called twice.</param>
    internal void AddFloats(string name, IReadOnlyList<long> shape, Action<Stream> write) =>
        _tensors.Add((name, InferenceFile.FloatType, shape, shape.Aggregate((long)sizeof(float), (bytes, side) => bytes * side), write));

    /// <summary>Writes the file.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="plan">The plan, which is not checked here.</param>
    /// <param name="metadata">Other texts; version, plan and checksum of another file are replaced.</param>
    internal void Write(Stream stream, InferencePlan plan, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        // Floats come first, so that each of them lies at a multiple of four bytes.
        var tensors = _tensors.OrderBy(tensor => tensor.Type == InferenceFile.FloatType ? 0 : 1).ToList();
        var texts = new Dictionary<string, string>(metadata)
        {
            [InferenceFile.VersionKey] = plan.IsQuantized ? InferenceFile.Int8Version : InferenceFile.Version,
            [InferenceFile.ChecksumKey] = Convert.ToHexStringLower(Hash(tensors.Select(tensor => tensor.Write))),
            [InferenceFile.PlanKey] = PlanJson.Write(plan),
        };
        stream.Write(SafetensorsHeader.Write(tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape, tensor.Bytes)), texts));
        foreach (var tensor in tensors) tensor.Write(stream);
    }

    private static byte[] Hash(IEnumerable<Action<Stream>> tensors)
    {
        var hash = new XxHash3();
        using var bytes = new MemoryStream();
        foreach (var write in tensors)
        {
            bytes.SetLength(0);
            write(bytes);
            hash.Append(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        }
        return hash.GetCurrentHash();
    }
}
