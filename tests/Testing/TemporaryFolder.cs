namespace ResNet.Testing;

/// <summary>A folder for a test, removed with its contents afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("resnet-tests-").FullName;

    /// <summary>Gets a path below the folder, and creates its parent folders.</summary>
    public string File(string relativePath)
    {
        var path = System.IO.Path.Join(Path, relativePath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string relativePath, byte[] contents)
    {
        var path = File(relativePath);
        System.IO.File.WriteAllBytes(path, contents);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
