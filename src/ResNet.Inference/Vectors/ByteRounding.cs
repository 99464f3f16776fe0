using System.Runtime.CompilerServices;

namespace ResNet.Inference.Vectors;

/// <summary>Rounds floats to bytes in the same way for every width of vectors.</summary>
internal static class ByteRounding
{
    // From 2²³ to 2²⁴, neighbouring floats are whole numbers, so that the sum is rounded to one: to its last eight bits.
    private const float WholeNumbers = 1 << 23;

    /// <summary>Clamps to 0…255 and rounds half to even; the last eight bits of each float are the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Round<T>(T values)
        where T : unmanaged, IVector<T>
    {
        // The greater of NaN and 0 is 0. Signs change without rounding.
        var zero = T.Zero;
        var clamped = zero - T.Max(zero - T.Max(values, zero), T.Broadcast(-byte.MaxValue));
        return clamped + T.Broadcast(WholeNumbers);
    }
}
