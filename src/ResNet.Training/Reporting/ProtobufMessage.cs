using System.Buffers.Binary;
using System.Text;

namespace ResNet.Training.Reporting;

/// <summary>A message of a few fields in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding): too few to make a library of it a dependency of everybody's application.</summary>
internal sealed class ProtobufMessage
{
    // What follows a field's number, in its lowest three bits.
    private const int VariableLength = 0, EightBytes = 1, CountedBytes = 2, FourBytes = 5;

    private readonly List<byte> _bytes = [];

    internal IReadOnlyList<byte> Bytes => _bytes;

    /// <summary>A number of a variable length. Zero is what a reader takes for a number that is not there.</summary>
    internal ProtobufMessage Number(int field, ulong value)
    {
        if (value == 0) return this;
        Tag(field, VariableLength);
        Variable(value);
        return this;
    }

    internal ProtobufMessage Double(int field, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        Tag(field, EightBytes);
        _bytes.AddRange(bytes);
        return this;
    }

    internal ProtobufMessage Single(int field, float value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Tag(field, FourBytes);
        _bytes.AddRange(bytes);
        return this;
    }

    internal ProtobufMessage Text(int field, string value) => Counted(field, Encoding.UTF8.GetBytes(value));

    internal ProtobufMessage Message(int field, ProtobufMessage value) => Counted(field, value._bytes);

    private ProtobufMessage Counted(int field, IReadOnlyCollection<byte> bytes)
    {
        Tag(field, CountedBytes);
        Variable((ulong)bytes.Count);
        _bytes.AddRange(bytes);
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
