using System.Diagnostics;

namespace ResNet.Testing;

/// <summary>A file system in memory that is soon full; only root on Linux can have one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    internal string Path { get; }

    /// <summary>Null where this is not Linux, or where the process may not.</summary>
    internal static SmallDisk? Mount(int megabytes)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) return null;
        string path = Directory.CreateTempSubdirectory("resnet-disk-").FullName;
        if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path)) return new SmallDisk(path);
        Directory.Delete(path);
        return null;
    }

    /// <summary>Mounts it with other options, such as <c>size=64m</c>.</summary>
    internal bool TryRemount(string options) => Run("mount", "-o", $"remount,{options}", Path);

    /// <summary>Makes it read-only for whoever opens files from now on, though others are open for writing.</summary>
    internal bool TryCover() => Run("mount", "--bind", Path, Path) && Run("mount", "-o", "remount,bind,ro", Path);

    /// <summary>Ends that.</summary>
    internal bool TryUncover() => Unmount();

    // Whoever looks through the file systems may hold it for a moment longer: it is taken out of the tree at once all the same.
    public void Dispose()
    {
        // Twice where a test failed while it was covered, whose reason is not to be hidden.
        while (Unmount())
        {
        }
        Directory.Delete(Path);
    }

    private bool Unmount() => Run("umount", "--lazy", Path);

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
