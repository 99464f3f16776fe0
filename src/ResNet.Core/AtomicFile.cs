namespace ResNet.Core;

/// <summary>Writes files atomically: a file always has either its complete former content or its complete new content.</summary>
public static class AtomicFile
{
    /// <summary>Writes a temporary file beside <paramref name="path"/>, flushes it to disk and renames it over the target.</summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="write">Writes the content; if it throws, the former file stays.</param>
    /// <remarks>A link stays a link, and its target is replaced. The new file has the permissions of the former one.</remarks>
    /// <exception cref="IOException">The file cannot be written; the message is one sentence that names it and says why.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string beside = "";
        try
        {
            var named = new FileInfo(path);
            string target = named.LinkTarget is null ? named.FullName : named.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            // With root's rights the rename would replace a device itself.
            if (Path.GetDirectoryName(target) == "/dev") throw new IOException("it is a device");
            if (Directory.Exists(target)) throw new IOException("it is a folder");
            beside = $"{target}.{Guid.NewGuid():N}.tmp";
            using (var stream = new FileStream(beside, Options(target)))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(beside, target, overwrite: true);
        }
        catch (Exception e)
        {
            Remove(beside);
            if (e is IOException or UnauthorizedAccessException)
                throw new IOException($"The file '{path}' cannot be written: {Reason(e)}.", e);
            throw;
        }
    }

    // The error of writing the file matters more than the error of removing the temporary file.
    private static void Remove(string beside)
    {
        try
        {
            if (File.Exists(beside)) File.Delete(beside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static FileStreamOptions Options(string target)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 1 << 16,
        };
        if (!OperatingSystem.IsWindows() && File.Exists(target)) options.UnixCreateMode = File.GetUnixFileMode(target);
        return options;
    }

    // The system's message names the temporary file, which the caller does not know.
    private static string Reason(Exception e) => e switch
    {
        DirectoryNotFoundException => "its folder does not exist",
        UnauthorizedAccessException => "access is denied",
        _ => e.Message.Split(" : ")[0].TrimEnd('.'),
    };
}
