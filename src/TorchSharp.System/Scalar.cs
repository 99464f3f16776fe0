using TorchSharp.Interop;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A number as libtorch takes it beside tensors: an integer, a floating-point number or a truth value.</summary>
public sealed class Scalar : IDisposable
{
    private Scalar(ValueTag tag, long bits, ScalarType type) => (Value, Type) = (new Value { Tag = tag, Bits = bits }, type);

    internal Value Value { get; }

    public ScalarType Type { get; }

    public static implicit operator Scalar(byte value) => new(ValueTag.Int, value, ScalarType.Byte);
    public static implicit operator Scalar(sbyte value) => new(ValueTag.Int, value, ScalarType.Int8);
    public static implicit operator Scalar(short value) => new(ValueTag.Int, value, ScalarType.Int16);
    public static implicit operator Scalar(int value) => new(ValueTag.Int, value, ScalarType.Int32);
    public static implicit operator Scalar(long value) => new(ValueTag.Int, value, ScalarType.Int64);
    public static implicit operator Scalar(float value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value), ScalarType.Float32);
    public static implicit operator Scalar(double value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value), ScalarType.Float64);
    public static implicit operator Scalar(bool value) => new(ValueTag.Bool, value ? 1 : 0, ScalarType.Bool);

    internal static Scalar From(Value value) => value.Tag switch
    {
        ValueTag.Double => value.Real,
        ValueTag.Bool => value.Bits != 0,
        _ => value.Bits,
    };

    internal double AsDouble => Value.Tag == ValueTag.Double ? Value.Real : Value.Bits;

    internal long AsInt64 => Value.Tag == ValueTag.Double ? (long)Value.Real : Value.Bits;

    public void Dispose()
    {
    }
}
