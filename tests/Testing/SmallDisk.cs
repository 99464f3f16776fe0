using System.Diagnostics;

namespace ResNet.Testing;

/// <summary>A small file system in memory; only root on Linux can mount one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Attempts = 100;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private SmallDisk(string path) => Path = path;

    internal string Path { get; }

    /// <summary>Mounts a disk; null if this is not Linux or the process is not root.</summary>
    internal static SmallDisk? Mount(int megabytes)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) return null;
        string path = Directory.CreateTempSubdirectory("resnet-disk-").FullName;
        if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path)) return new SmallDisk(path);
        Directory.Delete(path);
        return null;
    }

    /// <summary>Changes the options of the mount, such as <c>size=64m</c>.</summary>
    internal bool TryRemount(string options) => Run("mount", "-o", $"remount,{options}", Path);

    /// <summary>Makes the disk read-only, except for files that are already open for writing.</summary>
    internal bool TryCover()
    {
        if (!Run("mount", "--bind", Path, Path)) return false;
        // The kernel refuses while a process writes to the new mount.
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            if (Run("mount", "-o", "remount,bind,ro", Path)) return true;
            Thread.Sleep(s_pause);
        }
        return false;
    }

    /// <summary>Makes the disk writable again.</summary>
    internal bool TryUncover() => Unmount();

    // Other processes may hold the disk for a moment longer; a lazy unmount removes it from the tree at once.
    public void Dispose()
    {
        // A test that fails while the disk is read-only leaves two mounts.
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
