using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data.Known;

/// <summary>A class of a known data set.</summary>
/// <param name="Folder">The name of its folder, which is also its name in <see cref="ImageFolder.Classes"/>: <c>n01440764</c>.</param>
/// <param name="Name">Its everyday name: <c>tench</c>.</param>
public readonly record struct DatasetClass(string Folder, string Name);
