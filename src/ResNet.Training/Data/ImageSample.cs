using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data;

/// <summary>An image file and its class.</summary>
/// <param name="Path">The image file.</param>
/// <param name="Label">The index of its class in <see cref="ImageFolder.Classes"/>.</param>
public readonly record struct ImageSample(string Path, int Label);
