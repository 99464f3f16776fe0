using System.Runtime.CompilerServices;

namespace ResNet.Inference.Vectors;

/// <summary>A single float: the portable code, against which the others are tested.</summary>
internal readonly unsafe struct Lane1(float value) : IVector<Lane1>
{
    private readonly float _value = value;

    public static int Count => 1;

    public static Lane1 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator +(Lane1 left, Lane1 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator -(Lane1 left, Lane1 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator *(Lane1 left, Lane1 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Broadcast(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Load(float* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lane1 value, float* target) => *target = value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 MultiplyAdd(Lane1 left, Lane1 right, Lane1 sum) => new((left._value * right._value) + sum._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Max(Lane1 left, Lane1 right) => left._value > right._value ? left : right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 WhereLessOrEqual(Lane1 left, Lane1 right, Lane1 then, Lane1 otherwise) =>
        left._value <= right._value ? then : otherwise;
}
