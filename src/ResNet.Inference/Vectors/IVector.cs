namespace ResNet.Inference.Vectors;

/// <summary>
/// A vector of floats. The kernels are written once over this interface; the compiler makes machine code for each width.
/// </summary>
/// <typeparam name="T">The type itself.</typeparam>
internal unsafe interface IVector<T>
    where T : unmanaged, IVector<T>
{
    /// <summary>The number of floats.</summary>
    static abstract int Count { get; }

    static abstract T Zero { get; }

    /// <summary>All elements the same.</summary>
    static abstract T Broadcast(float value);

    /// <summary>Reads consecutive floats; any alignment.</summary>
    static abstract T Load(float* source);

    /// <summary>Writes consecutive floats; any alignment.</summary>
    static abstract void Store(T value, float* target);

    /// <summary>Computes <c>left · right + sum</c>, rounded once if the processor can.</summary>
    static abstract T MultiplyAdd(T left, T right, T sum);

    static abstract T operator +(T left, T right);

    static abstract T operator -(T left, T right);

    static abstract T operator *(T left, T right);

    /// <summary>The greater elements; <paramref name="right"/>'s if one of both is NaN.</summary>
    static abstract T Max(T left, T right);

    /// <summary>The elements of <paramref name="then"/> where <c>left ≤ right</c>, and of <paramref name="otherwise"/> elsewhere.</summary>
    /// <remarks>A NaN is not less than or equal to anything.</remarks>
    static abstract T WhereLessOrEqual(T left, T right, T then, T otherwise);
}
