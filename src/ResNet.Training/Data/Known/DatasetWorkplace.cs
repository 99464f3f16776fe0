using System.Security.Cryptography;
using ResNet.Core.Weights.Published;

namespace ResNet.Training.Data.Known;

/// <summary>
/// The working folder for making a data set, beside the final folder. One process at a time uses it; it has the downloads, the images so
/// far, and a file that another process holds open. A killed process releases that file, and the next process removes what it left.
/// </summary>
internal sealed class DatasetWorkplace
{
    private const string Suffix = ".partial";
    private const string LockName = "lock";

    // Written last, so a folder with this file is complete.
    private const string CompletionMark = ".complete";

    // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] s_heldByAnother = [11, 35, unchecked((int)0x80070020)];

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(0.2);

    private readonly string _downloads;

    private DatasetWorkplace(KnownDataset dataset, string place, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
    {
        (Dataset, _downloads, Progress, CancellationToken) = (dataset, place, progress, cancellationToken);
        Folder = Path.Join(place, "images");
    }

    /// <summary>The data set to make.</summary>
    internal KnownDataset Dataset { get; }

    /// <summary>The folder that becomes the data set.</summary>
    internal string Folder { get; }

    /// <summary>A folder for intermediate files, which is removed at the end.</summary>
    internal string Scratch => Path.Join(_downloads, "unpacked");

    internal IProgress<DatasetProgress>? Progress { get; }

    internal CancellationToken CancellationToken { get; }

    /// <summary>Makes a data set unless it exists.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="cacheFolder">The folder that contains its folder.</param>
    /// <param name="fill">Puts the images into <see cref="Folder"/>.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Its folder.</returns>
    /// <exception cref="DatasetException">The data set cannot be made.</exception>
    internal static async Task<string> PrepareAsync(
        KnownDataset dataset,
        string cacheFolder,
        Func<DatasetWorkplace, Task> fill,
        IProgress<DatasetProgress>? progress,
        CancellationToken cancellationToken)
    {
        var root = Path.Join(Path.GetFullPath(cacheFolder), dataset.Name);
        var place = root + Suffix;
        var waits = false;
        try
        {
            while (!IsThere(dataset, root))
            {
                using var hold = TryHold(place);
                if (hold is null)
                {
                    if (!waits) progress?.Report(new DatasetProgress($"Waiting for another process that prepares {dataset.Title}", 0, 0));
                    waits = true;
                    await Task.Delay(s_pollInterval, cancellationToken).ConfigureAwait(false);
                }
                else if (!IsThere(dataset, root))
                {
                    await new DatasetWorkplace(dataset, place, progress, cancellationToken).MakeAsync(root, fill).ConfigureAwait(false);
                }
            }
        }
        catch (FileDownloadException failure)
        {
            throw new DatasetException(failure.Message, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(
                $"{dataset.Title} cannot be unpacked into '{root}': {Reason(failure)}; "
                    + $"mend that, or name another folder with {DatasetCache.EnvironmentVariable}.",
                failure);
        }
        RemoveQuietly(place);
        return root;
    }

    /// <summary>Downloads a file unless it exists, and checks its sum.</summary>
    /// <param name="file">The published file.</param>
    /// <param name="advice">Another way to obtain it, for messages.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="FileDownloadException">The file cannot be downloaded, or is not the published one.</exception>
    internal Task<string> DownloadAsync(DatasetFile file, string? advice = null)
    {
        var download = new FileDownload(file.Address, Path.Join(_downloads, file.Name), HashAlgorithmName.MD5, file.Md5)
        {
            MirrorVariable = DatasetCache.MirrorVariable,
            FolderVariable = DatasetCache.EnvironmentVariable,
            Advice = advice,
        };
        return download.RunAsync(Progress is null ? null : new DownloadSteps(Progress), CancellationToken);
    }

    private static bool IsThere(KnownDataset dataset, string root)
    {
        if (!Directory.Exists(root)) return false;
        return File.Exists(Path.Join(root, CompletionMark))
            ? true
            : throw new DatasetException(
                $"'{root}' is not a complete copy of {dataset.Title}: delete the folder, and it will be made again.");
    }

    private static FileStream? TryHold(string place)
    {
        Directory.CreateDirectory(place);
        try
        {
            return new FileStream(Path.Join(place, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (DirectoryNotFoundException)
        {
            // Another process has just finished, and has removed its files.
            return null;
        }
        catch (IOException failure) when (s_heldByAnother.Contains(failure.HResult))
        {
            return null;
        }
    }

    private async Task MakeAsync(string root, Func<DatasetWorkplace, Task> fill)
    {
        Clear();
        try
        {
            Directory.CreateDirectory(Folder);
            await fill(this).ConfigureAwait(false);
            CancellationToken.ThrowIfCancellationRequested();
            await File.WriteAllTextAsync(Path.Join(Folder, CompletionMark), string.Empty, CancellationToken).ConfigureAwait(false);
            Directory.Move(Folder, root);
        }
        catch
        {
            RemoveQuietly(Folder);
            RemoveQuietly(Scratch);
            throw;
        }
    }

    // Leftovers of a process that was killed.
    private void Clear()
    {
        foreach (var folder in new[] { Folder, Scratch })
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static void RemoveQuietly(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A waiting process or the next call removes it later.
        }
    }

    // The system's message names one of many files, which does not help the user.
    private static string Reason(Exception failure) => failure.Message.Split(" : '")[0].TrimEnd('.');

    private sealed class DownloadSteps(IProgress<DatasetProgress> steps) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) =>
            steps.Report(new DatasetProgress($"Downloading {value.FileName}", value.Done, value.Total));
    }
}
