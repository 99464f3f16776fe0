namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>The location of a tensor in a file.</summary>
/// <param name="Storage">The storage that it is a view of.</param>
/// <param name="Offset">Its first element in the storage.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Strides">The distance between neighbours in elements of the storage, for each dimension.</param>
internal sealed record StoredTensor(StoredStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>More dimensions than any tensor of a network has.</summary>
    internal const int MaximumDimensions = 64;

    /// <summary>Returns a row-major tensor that does not share its storage.</summary>
    internal static StoredTensor Contiguous(StoredStorage storage, long[] shape)
    {
        var strides = new long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(1, shape[i]);
        }
        return new StoredTensor(storage, 0, shape, strides);
    }

    /// <summary>Returns the number of elements of a tensor of this shape.</summary>
    /// <exception cref="OverflowException">The shape is invalid, or has more elements than can be counted.</exception>
    internal static long Elements(long[] shape)
    {
        long product = 1;
        foreach (long length in shape) product = checked(product * (length >= 0 ? Math.Max(1, length) : throw new OverflowException()));
        return shape.Contains(0) ? 0 : product;
    }

    /// <summary>Returns why this tensor does not fit in a storage of <paramref name="available"/> elements; null if it fits.</summary>
    internal string? Problem(long available)
    {
        try
        {
            if (Shape.Length != Strides.Length) return $"{Shape.Length} dimensions but {Strides.Length} strides";
            if (Offset < 0 || Strides.Any(stride => stride < 0)) return "a negative offset or stride";
            if (Elements(Shape) == 0) return Offset <= available ? null : "an offset beyond its storage";
            long last = Offset;
            for (int i = 0; i < Shape.Length; i++) last = checked(last + ((Shape[i] - 1) * Strides[i]));
            return last < available ? null : $"elements beyond its storage of {available}";
        }
        catch (OverflowException)
        {
            return "a shape that no tensor has";
        }
    }
}
