using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Files;

/// <summary>Writes a file for inference with tensors of floats and of bytes.</summary>
internal sealed class InferenceFileWriter
{
    private readonly List<(string Name, string Type, IReadOnlyList<long> Shape, byte[] Bytes)> _tensors = [];

    internal void Add(string name, IReadOnlyList<long> shape, float[] values)
    {
        byte[] bytes = MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<byte, int>(bytes.AsSpan());
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        _tensors.Add((name, InferenceFile.FloatType, shape, bytes));
    }

    internal void Add(string name, IReadOnlyList<long> shape, sbyte[] values) =>
        _tensors.Add((name, InferenceFile.SignedByteType, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));

    /// <summary>Writes the file.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="plan">The plan, which is not checked here.</param>
    /// <param name="metadata">Other texts; version, plan and checksum of another file are replaced.</param>
    internal void Write(Stream stream, InferencePlan plan, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        // Floats come first, so that each of them lies at a multiple of four bytes.
        var tensors = _tensors.OrderBy(tensor => tensor.Type == InferenceFile.FloatType ? 0 : 1).ToList();
        var hash = new XxHash3();
        foreach (var tensor in tensors) hash.Append(tensor.Bytes);
        var texts = new Dictionary<string, string>(metadata)
        {
            [InferenceFile.VersionKey] = InferenceFile.Int8Version,
            [InferenceFile.ChecksumKey] = Convert.ToHexStringLower(hash.GetCurrentHash()),
            [InferenceFile.PlanKey] = PlanJson.Write(plan),
        };
        stream.Write(SafetensorsHeader.Write(tensors.Select(t => (t.Name, t.Type, t.Shape, (long)t.Bytes.Length)), texts));
        foreach (var tensor in tensors) stream.Write(tensor.Bytes);
    }
}
