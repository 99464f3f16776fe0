namespace ResNet.Training.Data.Folders;

/// <summary>An image file that cannot be decoded.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">The reason, without a full stop: <c>the file is empty</c>.</param>
public readonly record struct BrokenImage(string Path, string Reason);
