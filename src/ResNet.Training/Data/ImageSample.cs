using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data;

/// <summary>An image file and the class it belongs to.</summary>
/// <param name="Path">The image file.</param>
/// <param name="Label">The index of its class in <see cref="ImageFolder.Classes"/>.</param>
public readonly record struct ImageSample(string Path, int Label);
