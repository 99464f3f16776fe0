using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data;

/// <summary>An image file and its class.</summary>
/// <param name="Path">The image file.</param>
/// <param name="Label">The index of its class in <see cref="ImageFolder.Classes"/>.</param>
public readonly record struct ImageSample(string Path, int Label)
{
    /// <summary>Returns the file's path below a folder, with slashes on every system.</summary>
    /// <param name="folder">The folder.</param>
    public string PathBelow(string folder) =>
        System.IO.Path.GetRelativePath(folder, Path).Replace(System.IO.Path.DirectorySeparatorChar, '/');
}
