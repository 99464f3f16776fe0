using System.Diagnostics;

namespace ResNet.Testing;

/// <summary>A small file system in memory; only root on Linux can mount one.</summary>
internal sealed class SmallDisk : IDisposable
{
    // A view of the disk that can't be written, ready to be laid over it.
    private readonly string _readOnly;

    private SmallDisk(string path, string readOnly)
    {
        Path = path;
        _readOnly = readOnly;
    }

    internal string Path { get; }

    /// <summary>Mounts a disk; null if this is not Linux or the process is not root.</summary>
    internal static SmallDisk? Mount(int megabytes)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) return null;
        string path = NewFolder();
        if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path)) return new SmallDisk(path, NewFolder());
        Directory.Delete(path);
        return null;
    }

    /// <summary>Changes the options of the mount, such as <c>size=64m</c>.</summary>
    internal bool TryRemount(string options) => Run("mount", "-o", $"remount,{options}", Path);

    /// <summary>Makes the disk read-only, except for files that are already open for writing.</summary>
    /// <remarks>
    /// In one step: the kernel refuses to make a file system read-only while a process writes to it, but it lays another one over it at
    /// any time.
    /// </remarks>
    internal bool TryCover() =>
        Run("mount", "--bind", Path, _readOnly)
        && Run("mount", "-o", "remount,bind,ro", _readOnly)
        && Run("mount", "--bind", _readOnly, Path);

    /// <summary>Makes the disk writable again.</summary>
    internal bool TryUncover() => Unmount(Path) && Unmount(_readOnly);

    // Other processes may hold the disk for a moment longer; a lazy unmount removes it from the tree at once.
    public void Dispose()
    {
        // A test that fails while the disk is read-only leaves two mounts.
        foreach (string path in new[] { Path, _readOnly })
        {
            while (Unmount(path))
            {
            }
            Directory.Delete(path);
        }
    }

    private static string NewFolder() => Directory.CreateTempSubdirectory("resnet-disk-").FullName;

    private static bool Unmount(string path) => Run("umount", "--lazy", path);

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
