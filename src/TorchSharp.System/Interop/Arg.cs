using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>An argument of an operator; converts from whatever the schema's types are in C#.</summary>
internal readonly struct Arg
{
    /// <summary>As many words of scratch memory may lie on the stack.</summary>
    internal const int FewWords = 64;

    private readonly ValueTag _tag;
    private readonly long _bits;
    private readonly object? _object;

    private Arg(ValueTag tag, long bits, object? value = null) => (_tag, _bits, _object) = (tag, bits, value);

    internal static readonly Arg None = default;

    public static implicit operator Arg(Tensor? tensor) => tensor is null ? None : new(ValueTag.Tensor, tensor.Handle, tensor);
    public static implicit operator Arg(Scalar? scalar) => scalar is null ? None : new(scalar.Value.Tag, scalar.Value.Bits);
    public static implicit operator Arg(long value) => new(ValueTag.Int, value);
    public static implicit operator Arg(long? value) => value.HasValue ? value.Value : None;
    public static implicit operator Arg(double value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Arg(bool value) => new(ValueTag.Bool, value ? 1 : 0);
    public static implicit operator Arg(ScalarType type) => new(ValueTag.Int, (long)type);
    public static implicit operator Arg(ScalarType? type) => type.HasValue ? type.Value : None;
    public static implicit operator Arg(Device? device) =>
        device is null ? None : new(ValueTag.Device, ((long)device.type << 32) | (uint)device.index);
    public static implicit operator Arg(Generator? generator) =>
        generator is null ? None : new(ValueTag.Generator, generator.Handle, generator);
    public static implicit operator Arg(string? text) => text is null ? None : new(ValueTag.String, 0, Encoding.UTF8.GetBytes(text));
    public static implicit operator Arg(long[]? list) => list is null ? None : new(ValueTag.IntList, 0, list);
    public static implicit operator Arg(ReadOnlySpan<long> list) => new(ValueTag.IntList, 0, list.ToArray());
    public static implicit operator Arg(Tensor[] list) => new(ValueTag.TensorList, 0, list);

    /// <summary>A list in which null stands for "no tensor here", as indexing takes it.</summary>
    internal static Arg OptionalTensors(Tensor?[] list) => new(ValueTag.OptionalTensorList, 0, list);

    /// <summary>How many 8-byte words it needs of the scratch memory when it is written.</summary>
    internal int ScratchWords => _object switch
    {
        long[] list => list.Length,
        byte[] text => (text.Length + 7) / 8,
        Tensor?[] list => list.Length,
        _ => 0,
    };

    /// <summary>Writes all arguments.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="values">A place for each.</param>
    /// <param name="scratch">The <see cref="ScratchWords"/> of all of them.</param>
    internal static unsafe void Write(ReadOnlySpan<Arg> arguments, Value* values, long* scratch)
    {
        for (int i = 0; i < arguments.Length; i++) arguments[i].Write(ref values[i], ref scratch);
    }

    private unsafe void Write(ref Value value, ref long* scratch)
    {
        value.Tag = _tag;
        value.Bits = _bits;
        if (_object is null or Tensor or Generator) return;
        value.Bits = (long)scratch;
        switch (_object)
        {
            case long[] list:
                list.CopyTo(new Span<long>(scratch, list.Length));
                value.Count = list.Length;
                break;
            case byte[] text:
                text.CopyTo(new Span<byte>(scratch, text.Length));
                value.Count = text.Length;
                break;
            case Tensor?[] list:
                for (int i = 0; i < list.Length; i++) scratch[i] = list[i]?.Handle ?? Absent(i);
                value.Count = list.Length;
                break;
        }
        scratch += ScratchWords;
    }

    private nint Absent(int position) => _tag == ValueTag.OptionalTensorList ? 0 : throw new ArgumentException($"The list of tensors has a null at position {position}.");
}
