using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResNet.Inference.Vectors;

/// <summary>Sixteen floats: AVX-512.</summary>
internal readonly unsafe struct Lanes16(Vector512<float> value) : IVector<Lanes16>
{
    private readonly Vector512<float> _value = value;

    public static int Count => Vector512<float>.Count;

    public static Lanes16 Zero => new(Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator +(Lanes16 left, Lanes16 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator -(Lanes16 left, Lanes16 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator *(Lanes16 left, Lanes16 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes16 value, float* target) => Vector512.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 MultiplyAdd(Lanes16 left, Lanes16 right, Lanes16 sum) =>
        new(Vector512.MultiplyAddEstimate(left._value, right._value, sum._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Max(Lanes16 left, Lanes16 right) => new(Vector512.ConditionalSelect(
        Vector512.GreaterThan(left._value, right._value), left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 WhereLessOrEqual(Lanes16 left, Lanes16 right, Lanes16 then, Lanes16 otherwise) =>
        new(Vector512.ConditionalSelect(Vector512.LessThanOrEqual(left._value, right._value), then._value, otherwise._value));
}
