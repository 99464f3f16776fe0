using System.Buffers.Binary;
using System.Text;

namespace ResNet.Core.Tests.Weights;

/// <summary>Writes valid or invalid pickles, opcode by opcode (CPython's Lib/pickletools.py describes the opcodes).</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _bytes = [];

    /// <summary>Makes a pickle of protocol 2 that returns the object that <paramref name="write"/> leaves on the stack.</summary>
    internal static byte[] Of(Action<PickleBuilder> write)
    {
        var pickle = new PickleBuilder().Codes("\x80\x02");
        write(pickle);
        return pickle.Codes(".")._bytes.ToArray();
    }

    /// <summary>Makes a pickle of protocol 2 of these opcodes, with a character for each byte.</summary>
    internal static byte[] Of(string codes) => Of(pickle => pickle.Codes(codes));

    /// <summary>Makes a dictionary with one tensor of four zeros, "x", in the storage "0".</summary>
    internal static byte[] OneTensor() => OneTensor(pickle => pickle.Tensor(0, [2, 2], [2, 1]));

    /// <summary>Makes a dictionary with an object of the name "x".</summary>
    internal static byte[] OneTensor(Action<PickleBuilder> tensor) => Of(pickle =>
    {
        pickle.Codes("}").Text("x");
        tensor(pickle);
        pickle.Codes("s");
    });

    /// <summary>Writes opcodes and their operands, with a character for each byte.</summary>
    internal PickleBuilder Codes(string codes)
    {
        _bytes.AddRange(Encoding.Latin1.GetBytes(codes));
        return this;
    }

    internal PickleBuilder Repeat(string codes, int times)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(codes);
        for (int i = 0; i < times; i++) _bytes.AddRange(bytes);
        return this;
    }

    internal PickleBuilder Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Codes("X").UInt32((uint)bytes.Length);
        _bytes.AddRange(bytes);
        return this;
    }

    internal PickleBuilder UInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    internal PickleBuilder Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Codes("\x8A\x08");
        _bytes.AddRange(bytes);
        return this;
    }

    internal PickleBuilder Integers(params long[] values)
    {
        Codes("(");
        foreach (long value in values) Integer(value);
        return Codes("t");
    }

    /// <summary>Writes a name as protocols up to 3 do.</summary>
    internal PickleBuilder Global(string module, string name) => Codes($"c{module}\n{name}\n");

    /// <summary>Writes a name as protocol 4 does.</summary>
    internal PickleBuilder StackGlobal(string module, string name) => Text(module).Text(name).Codes("\x93");

    internal PickleBuilder Storage(string key = "0", long count = 4, string type = "FloatStorage") =>
        Codes("(").Text("storage").Global("torch", type).Text(key).Text("cpu").Integer(count).Codes("tQ");

    internal PickleBuilder Tensor(long offset, long[] shape, long[] strides) => Tensor(pickle => pickle.Storage(), offset, shape, strides);

    internal PickleBuilder Tensor(Action<PickleBuilder> storage, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Codes("(");
        storage(this);
        return Integer(offset).Integers(shape).Integers(strides).Codes("\x89").Codes("}tR");
    }
}
