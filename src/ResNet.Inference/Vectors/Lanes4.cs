using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResNet.Inference.Vectors;

/// <summary>Four floats: NEON, SSE and what else there is.</summary>
internal readonly unsafe struct Lanes4(Vector128<float> value) : IVector<Lanes4>
{
    private readonly Vector128<float> _value = value;

    public static int Count => Vector128<float>.Count;

    public static Lanes4 Zero => new(Vector128<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator +(Lanes4 left, Lanes4 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator -(Lanes4 left, Lanes4 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 operator *(Lanes4 left, Lanes4 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes4 value, float* target) => Vector128.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 MultiplyAdd(Lanes4 left, Lanes4 right, Lanes4 sum) =>
        new(Vector128.MultiplyAddEstimate(left._value, right._value, sum._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 Max(Lanes4 left, Lanes4 right) => new(Vector128.ConditionalSelect(
        Vector128.GreaterThan(left._value, right._value), left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes4 WhereLessOrEqual(Lanes4 left, Lanes4 right, Lanes4 then, Lanes4 otherwise) =>
        new(Vector128.ConditionalSelect(Vector128.LessThanOrEqual(left._value, right._value), then._value, otherwise._value));
}
