using System.Buffers.Binary;
using System.Text;

namespace ResNet.Common;

/// <summary>
/// A message in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding), as TensorBoard's events and ONNX's files are:
/// too little of it to make a library a dependency of everybody's application.
/// </summary>
internal sealed class ProtobufMessage
{
    // What follows a field's number, in its lowest three bits.
    private const int VariableLength = 0, EightBytes = 1, CountedBytes = 2, FourBytes = 5;

    private readonly List<byte> _bytes = [];

    internal IReadOnlyList<byte> Bytes => _bytes;

    /// <summary>A number of a variable length. Zero is what a reader takes for a number that is not there.</summary>
    internal ProtobufMessage Number(int field, ulong value) => value == 0 ? this : Element(field, value);

    /// <summary>The numbers of a list, zeros too; negative ones as ten bytes.</summary>
    internal ProtobufMessage Numbers(int field, IEnumerable<long> values)
    {
        foreach (long value in values) Element(field, (ulong)value);
        return this;
    }

    internal ProtobufMessage Double(int field, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return Fixed(field, EightBytes, bytes);
    }

    internal ProtobufMessage Single(int field, float value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return Fixed(field, FourBytes, bytes);
    }

    internal ProtobufMessage Text(int field, string value) => Counted(field, Encoding.UTF8.GetBytes(value));

    internal ProtobufMessage Message(int field, ProtobufMessage value) => Counted(field, value._bytes);

    internal ProtobufMessage Counted(int field, IReadOnlyCollection<byte> bytes)
    {
        Announce(field, bytes.Count);
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>The beginning of a field whose bytes are written behind this message.</summary>
    internal ProtobufMessage Announce(int field, long bytes)
    {
        Tag(field, CountedBytes);
        Variable((ulong)bytes);
        return this;
    }

    private ProtobufMessage Fixed(int field, int type, ReadOnlySpan<byte> bytes)
    {
        Tag(field, type);
        _bytes.AddRange(bytes);
        return this;
    }

    private ProtobufMessage Element(int field, ulong value)
    {
        Tag(field, VariableLength);
        Variable(value);
        return this;
    }

    private void Tag(int field, int type) => Variable((ulong)((field << 3) | type));

    // Seven bits a byte, the lowest first; the eighth says that more follow.
    private void Variable(ulong value)
    {
        for (; value > 0x7f; value >>= 7) _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
    }
}
