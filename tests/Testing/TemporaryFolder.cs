namespace ResNet.Testing;

/// <summary>A folder of a test's own, removed with everything in it afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("resnet-tests-").FullName;

    /// <summary>A path below the folder, whose parent folders are made.</summary>
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
