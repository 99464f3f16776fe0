namespace ResNet.Imaging.Rendering;

/// <summary>A rectangle with fractional coordinates, in pixels of an image; it may reach beyond the image.</summary>
internal readonly record struct SourceArea(double Left, double Top, double Width, double Height)
{
    /// <summary>Computes the rectangle of an area of a picture that shows this rectangle.</summary>
    /// <param name="area">The area of the picture.</param>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    public SourceArea Part(Area area, int width, int height)
    {
        double across = Width / width, down = Height / height;
        return new(Left + (area.Left * across), Top + (area.Top * down), area.Width * across, area.Height * down);
    }
}
