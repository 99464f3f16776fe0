namespace ResNet.Training.Data.Imaging;

/// <summary>A rectangle of an image, in pixels; (0, 0) is the upper left corner.</summary>
internal readonly record struct Area(int Left, int Top, int Width, int Height)
{
    public int Right => Left + Width;

    public int Bottom => Top + Height;

    /// <summary>Whether all of the other rectangle lies in this one.</summary>
    public bool Contains(Area other) => other.Left >= Left && other.Top >= Top && other.Right <= Right && other.Bottom <= Bottom;
}
