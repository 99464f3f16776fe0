namespace ResNet.Imaging;

/// <summary>Height and width of an image, in pixels.</summary>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Width">Columns, at least 1.</param>
public readonly record struct ImageSize(int Height, int Width)
{
    /// <summary>Makes a square.</summary>
    /// <param name="side">Height and width, at least 1.</param>
    public ImageSize(int side)
        : this(side, side)
    {
    }

    /// <summary>Applies a function to both sides.</summary>
    internal ImageSize Scaled(Func<int, int> side) => new(side(Height), side(Width));

    /// <summary>Formats the size as height × width.</summary>
    public override string ToString() => $"{Height} × {Width}";

    /// <summary>Converts a number to a square.</summary>
    public static implicit operator ImageSize(int side) => new(side);
}
