using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResNet.Inference.Vectors;

/// <summary>Eight floats: AVX2 with FMA.</summary>
internal readonly unsafe struct Lanes8(Vector256<float> value) : IVector<Lanes8>
{
    private readonly Vector256<float> _value = value;

    public static int Count => Vector256<float>.Count;

    public static Lanes8 Zero => new(Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator +(Lanes8 left, Lanes8 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator -(Lanes8 left, Lanes8 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator *(Lanes8 left, Lanes8 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes8 value, float* target) => Vector256.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 MultiplyAdd(Lanes8 left, Lanes8 right, Lanes8 sum) =>
        new(Vector256.MultiplyAddEstimate(left._value, right._value, sum._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Max(Lanes8 left, Lanes8 right) => new(Vector256.ConditionalSelect(
        Vector256.GreaterThan(left._value, right._value), left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 WhereLessOrEqual(Lanes8 left, Lanes8 right, Lanes8 then, Lanes8 otherwise) =>
        new(Vector256.ConditionalSelect(Vector256.LessThanOrEqual(left._value, right._value), then._value, otherwise._value));
}
