namespace ResNet.Imaging;

/// <summary>A rectangle of an image, in pixels; (0, 0) is the upper left corner.</summary>
/// <param name="Left">The first column.</param>
/// <param name="Top">The first row.</param>
/// <param name="Width">The number of columns.</param>
/// <param name="Height">The number of rows.</param>
public readonly record struct Area(int Left, int Top, int Width, int Height)
{
    /// <summary>The column after the last one.</summary>
    public int Right => Left + Width;

    /// <summary>The row below the last one.</summary>
    public int Bottom => Top + Height;

    /// <summary>Whether all of the other rectangle lies in this one.</summary>
    /// <param name="other">The other rectangle.</param>
    public bool Contains(Area other) =>
        other is { Width: >= 0, Height: >= 0 } && other.Left >= Left && other.Top >= Top
        && (long)other.Left + other.Width <= (long)Left + Width && (long)other.Top + other.Height <= (long)Top + Height;
}
