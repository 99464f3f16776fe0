namespace ResNet.Core;

/// <summary>Writes files so that under their name there is always the former or the new content, whole.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a file beside <paramref name="path"/>, flushes it to disk and renames it over it.</summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="write">Writes the content; if it throws, the former file stays.</param>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string beside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            if (File.Exists(beside)) File.Delete(beside);
            throw;
        }
    }
}
