namespace ResNet.Inference.Vectors;

/// <summary>
/// A vector of 32-bit words for products of 8-bit integers: each word is four bytes of pixels or of weights, or a sum of products.
/// Every width gives the same integers, and the same floats of them.
/// </summary>
/// <typeparam name="T">The type itself.</typeparam>
/// <typeparam name="TFloats">As many floats.</typeparam>
internal unsafe interface IQuads<T, TFloats>
    where T : unmanaged, IQuads<T, TFloats>
    where TFloats : unmanaged, IVector<TFloats>
{
    /// <summary>The number of words.</summary>
    static abstract int Count { get; }

    /// <summary>Reads consecutive words; any alignment.</summary>
    static abstract T Load(void* source);

    /// <summary>Writes consecutive words; any alignment.</summary>
    static abstract void Store(T value, int* target);

    /// <summary>All words the same four bytes.</summary>
    static abstract T Broadcast(byte* source);

    /// <summary>
    /// Adds to each sum the products of its four unsigned bytes of <paramref name="pixels"/> and signed bytes of
    /// <paramref name="weights"/>, which are between -63 and 63: the sum of two products fits 16 bits.
    /// </summary>
    static abstract T MultiplyAdd(T pixels, T weights, T sum);

    /// <summary>Converts sums to floats, rounded half to even.</summary>
    static abstract TFloats ToFloats(T sums);

    /// <summary>Reads as many unsigned bytes as there are words, as floats.</summary>
    static abstract TFloats LoadBytes(byte* source);

    /// <summary>Writes floats as unsigned bytes: clamped to 0…255, then rounded half to even; NaN becomes 0.</summary>
    static abstract void StoreBytes(TFloats values, byte* target);
}
