namespace ResNet.AspNetCore;

/// <summary>A part of a picture, in fractions of its width and height; it may reach beyond the picture.</summary>
/// <param name="Left">From the picture's left edge.</param>
/// <param name="Top">From the picture's upper edge.</param>
/// <param name="Width">The width; 1 is that of the picture.</param>
/// <param name="Height">The height; 1 is that of the picture.</param>
public readonly record struct PictureArea(double Left, double Top, double Width, double Height);
