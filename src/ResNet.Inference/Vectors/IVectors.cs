namespace ResNet.Inference.Vectors;

/// <summary>Some vectors that lie together: as many channels of a pixel as a tile of a matrix product has columns.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
/// <typeparam name="T">A vector.</typeparam>
internal unsafe interface IVectors<TSelf, T>
    where TSelf : unmanaged, IVectors<TSelf, T>
    where T : unmanaged, IVector<T>
{
    /// <summary>The number of floats.</summary>
    static abstract int Count { get; }

    /// <summary>Reads consecutive floats.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Writes consecutive floats.</summary>
    static abstract void Store(in TSelf values, float* target);

    /// <summary>Computes <c>left · right + sum</c>, with one vector for all on the left.</summary>
    static abstract TSelf MultiplyAdd(T left, in TSelf right, in TSelf sum);

    /// <summary>Adds consecutive floats.</summary>
    static abstract TSelf Add(in TSelf values, float* others);

    /// <summary>Replaces negative numbers by 0.</summary>
    static abstract TSelf Relu(in TSelf values);
}
