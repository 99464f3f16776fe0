using System.Runtime.CompilerServices;

namespace ResNet.Inference.Vectors;

/// <summary>Two vectors.</summary>
internal readonly unsafe struct TwoVectors<T>(T a, T b) : IVectors<TwoVectors<T>, T>
    where T : unmanaged, IVector<T>
{
    private readonly T _a = a;
    private readonly T _b = b;

    public static int Count => 2 * T.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Load(float* source) => new(T.Load(source), T.Load(source + T.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(in TwoVectors<T> values, float* target)
    {
        T.Store(values._a, target);
        T.Store(values._b, target + T.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> MultiplyAdd(T left, in TwoVectors<T> right, in TwoVectors<T> sum) =>
        new(T.MultiplyAdd(left, right._a, sum._a), T.MultiplyAdd(left, right._b, sum._b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Add(in TwoVectors<T> values, float* others) =>
        new(values._a + T.Load(others), values._b + T.Load(others + T.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Relu(in TwoVectors<T> values) => new(T.Max(T.Zero, values._a), T.Max(T.Zero, values._b));
}
