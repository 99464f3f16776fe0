namespace ResNet.Training.Data;

/// <summary>An image that is too small.</summary>
/// <param name="Path">The file.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
public readonly record struct SmallImage(string Path, int Width, int Height);
