using System.Globalization;
using ResNet.Training.Data.Imaging;

namespace ResNet.Training.Data.Datasets;

/// <summary>
/// Fashion-MNIST: 60,000 pictures of clothes to train on and 10,000 to test with, 28 x 28 grey, ten classes
/// (Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms", 2017).
/// </summary>
public static class FashionMnist
{
    private const int Side = 28;
    private const string FolderName = "fashion-mnist";

    // Written last, so that a folder with it has everything.
    private const string CompletionMark = ".complete";

    // An unpacking that was killed leaves its temporary folder; none that is alive takes this long.
    private static readonly TimeSpan s_abandonedAfter = TimeSpan.FromHours(6);

    private static readonly Split[] s_splits = [new("train", "train", 60_000), new("test", "t10k", 10_000)];

    /// <summary>Reads one of the four files, which has to have these dimensions.</summary>
    internal delegate Task<ReadOnlyMemory<byte>> IdxReader(string name, int[] dimensions);

    /// <summary>The class folders in the order of their labels, 0 to 9.</summary>
    public static IReadOnlyList<string> Classes { get; } =
    [
        "0-t-shirt-top", "1-trouser", "2-pullover", "3-dress", "4-coat",
        "5-sandal", "6-shirt", "7-sneaker", "8-bag", "9-ankle-boot",
    ];

    /// <summary>Makes sure that the data set is there as an image folder, and returns at once if it already is.</summary>
    /// <remarks>
    /// The four IDX files come from the Debian package <c>dataset-fashion-mnist</c> if it is installed, otherwise from
    /// their published address. The images are unpacked beside the final folder, which gets its name when all of them are
    /// there: an interrupted call leaves nothing to mistake for the data set, and several processes can call at once.
    /// </remarks>
    /// <param name="cacheFolder">The folder to keep it in, <see cref="DatasetCache.Folder"/> by default.</param>
    /// <param name="progress">Is told how far the download and the unpacking have got.</param>
    /// <param name="cancellationToken">Stops the preparation and removes what it has written.</param>
    /// <returns>
    /// The folder, with <c>train/CLASS/NNNNN.png</c> and <c>test/CLASS/NNNNN.png</c>, where NNNNN is the picture's position in the IDX file.
    /// </returns>
    /// <exception cref="DatasetException">A file cannot be downloaded or is damaged, or the folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The preparation was stopped.</exception>
    public static async Task<string> PrepareAsync(
        string? cacheFolder = null, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var client = new HttpClient();
        var files = new FashionMnistFiles(client, progress, cancellationToken);
        return await PrepareAsync(cacheFolder ?? DatasetCache.Folder, s_splits, files.ReadAsync, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Does the same for files of any origin and number of pictures.</summary>
    internal static async Task<string> PrepareAsync(
        string cacheFolder, IReadOnlyList<Split> splits, IdxReader read, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
    {
        var cache = Path.GetFullPath(cacheFolder);
        var root = Path.Join(cache, FolderName);
        if (Directory.Exists(root))
            return IsComplete(root)
                ? root
                : throw new DatasetException($"'{root}' is not a complete copy of Fashion-MNIST: delete the folder, and it will be made again.");

        try
        {
            Directory.CreateDirectory(cache);
            RemoveAbandoned(cache);
            await UnpackAsync(cache, root, splits, read, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"Fashion-MNIST cannot be unpacked into '{root}': {failure.Message}", failure);
        }
        return root;
    }

    private static bool IsComplete(string root) => File.Exists(Path.Join(root, CompletionMark));

    private static void RemoveAbandoned(string cache)
    {
        foreach (var folder in Directory.EnumerateDirectories(cache, $"{FolderName}.*.tmp"))
        {
            try
            {
                if (Directory.GetCreationTimeUtc(folder) < DateTime.UtcNow - s_abandonedAfter)
                    Directory.Delete(folder, recursive: true);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Another process removes it at the same time, or in a shared cache it is another user's.
            }
        }
    }

    private static async Task UnpackAsync(
        string cache, string root, IReadOnlyList<Split> splits, IdxReader read, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
    {
        var temporary = Path.Join(cache, $"{FolderName}.{Guid.NewGuid():N}.tmp");
        try
        {
            var counter = new Counter(progress, splits.Sum(split => split.Count));
            foreach (var (folder, prefix, count) in splits)
            {
                var images = await read($"{prefix}-images-idx3-ubyte.gz", [count, Side, Side]).ConfigureAwait(false);
                var labels = await read($"{prefix}-labels-idx1-ubyte.gz", [count]).ConfigureAwait(false);
                await WriteImagesAsync(Path.Join(temporary, folder), images, labels, counter, cancellationToken).ConfigureAwait(false);
            }
            await File.WriteAllTextAsync(Path.Join(temporary, CompletionMark), string.Empty, cancellationToken).ConfigureAwait(false);
            Publish(temporary, root);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    private static async Task WriteImagesAsync(
        string folder, ReadOnlyMemory<byte> images, ReadOnlyMemory<byte> labels, Counter counter, CancellationToken cancellationToken)
    {
        var highest = (byte)(Classes.Count - 1);
        if (labels.Span.ContainsAnyExceptInRange((byte)0, highest))
            throw new DatasetException($"The labels of Fashion-MNIST for {Path.GetFileName(folder)}/ are damaged: they go beyond {highest}.");

        var classFolders = Classes.Select(name => Directory.CreateDirectory(Path.Join(folder, name)).FullName).ToArray();
        await Parallel.ForAsync(0, labels.Length, cancellationToken, (i, _) =>
        {
            var png = ImageWriter.EncodePng(images.Span.Slice(i * Side * Side, Side * Side), Side, Side, channels: 1);
            var name = string.Create(CultureInfo.InvariantCulture, $"{i:D5}.png");
            // A new file instead of an emptied one: file systems write a file that was emptied to disk as it is closed.
            using var file = File.OpenHandle(Path.Join(classFolders[labels.Span[i]], name), FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(file, png, fileOffset: 0);
            counter.Add();
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
    }

    private static void Publish(string temporary, string root)
    {
        try
        {
            Directory.Move(temporary, root);
        }
        catch (IOException) when (IsComplete(root))
        {
            // Another process was faster, and its copy is as good.
        }
    }

    /// <summary>The folder of some of the pictures, the start of their files' names, and how many they are.</summary>
    internal readonly record struct Split(string Folder, string FilePrefix, int Count);

    private sealed class Counter(IProgress<DatasetProgress>? progress, int total)
    {
        private const int ReportEvery = 500;

        private int _done;

        public void Add()
        {
            var now = Interlocked.Increment(ref _done);
            if (now % ReportEvery == 0 || now == total)
                progress?.Report(new DatasetProgress("Unpacking Fashion-MNIST", now, total));
        }
    }
}
