using System.Runtime.CompilerServices;

namespace ResNet.Inference.Vectors;

/// <summary>A vector.</summary>
internal readonly unsafe struct OneVector<T>(T a) : IVectors<OneVector<T>, T>
    where T : unmanaged, IVector<T>
{
    private readonly T _a = a;

    public static int Count => T.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Load(float* source) => new(T.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(in OneVector<T> values, float* target)
    {
        T.Store(values._a, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> MultiplyAdd(T left, in OneVector<T> right, in OneVector<T> sum) =>
        new(T.MultiplyAdd(left, right._a, sum._a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Add(in OneVector<T> values, float* others) => new(values._a + T.Load(others));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Relu(in OneVector<T> values) => new(T.Max(T.Zero, values._a));
}
