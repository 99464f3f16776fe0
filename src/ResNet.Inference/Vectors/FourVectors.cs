using System.Runtime.CompilerServices;

namespace ResNet.Inference.Vectors;

/// <summary>Four vectors.</summary>
internal readonly unsafe struct FourVectors<T>(T a, T b, T c, T d) : IVectors<FourVectors<T>, T>
    where T : unmanaged, IVector<T>
{
    private readonly T _a = a;
    private readonly T _b = b;
    private readonly T _c = c;
    private readonly T _d = d;

    public static int Count => 4 * T.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<T> Load(float* source) =>
        new(T.Load(source), T.Load(source + T.Count), T.Load(source + (2 * T.Count)), T.Load(source + (3 * T.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(in FourVectors<T> values, float* target)
    {
        T.Store(values._a, target);
        T.Store(values._b, target + T.Count);
        T.Store(values._c, target + (2 * T.Count));
        T.Store(values._d, target + (3 * T.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<T> MultiplyAdd(T left, in FourVectors<T> right, in FourVectors<T> sum) =>
        new(T.MultiplyAdd(left, right._a, sum._a), T.MultiplyAdd(left, right._b, sum._b),
            T.MultiplyAdd(left, right._c, sum._c), T.MultiplyAdd(left, right._d, sum._d));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<T> Add(in FourVectors<T> values, float* others) =>
        new(values._a + T.Load(others), values._b + T.Load(others + T.Count),
            values._c + T.Load(others + (2 * T.Count)), values._d + T.Load(others + (3 * T.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<T> Relu(in FourVectors<T> values) =>
        new(T.Max(T.Zero, values._a), T.Max(T.Zero, values._b), T.Max(T.Zero, values._c), T.Max(T.Zero, values._d));
}
