namespace ResNet.Imaging.Rendering;

/// <summary>A rectangle of an image in fractions of pixels, which may reach beyond the image.</summary>
internal readonly record struct SourceArea(double Left, double Top, double Width, double Height)
{
    /// <summary>The part that an area has of this rectangle when it is shown as so many pixels.</summary>
    public SourceArea Part(Area area, int width, int height)
    {
        double across = Width / width, down = Height / height;
        return new(Left + (area.Left * across), Top + (area.Top * down), area.Width * across, area.Height * down);
    }
}
