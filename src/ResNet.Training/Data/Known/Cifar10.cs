using ResNet.Imaging.Decoding;

namespace ResNet.Training.Data.Known;

/// <summary>
/// CIFAR-10: 50,000 pictures to train on and 10,000 to test with, 32 x 32 in colour, ten classes (Krizhevsky, "Learning Multiple Layers
/// of Features from Tiny Images", 2009). NNNNN in <c>train/CLASS/NNNNN.png</c> counts the pictures through the five files of the
/// published binary version, each of which has 10,000 records: a byte for the label, then 32 x 32 bytes of red, of green and of blue.
/// </summary>
internal static class Cifar10
{
    private const int Side = 32;
    private const int Plane = Side * Side;
    private const int RecordBytes = 1 + (3 * Plane);
    private const int RecordsOfFile = 10_000;
    private const string ArchiveFolder = "cifar-10-batches-bin";

    /// <summary>The class folders sort in the order of their labels, 0 to 9.</summary>
    internal static IReadOnlyList<DatasetClass> Classes { get; } =
    [
        .. new[] { "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck" }
            .Select(name => new DatasetClass(name, name)),
    ];

    internal static IReadOnlyList<DatasetFile> Files { get; } =
        [new(new("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"), "c32a1d4ab5d03f1284b67883e8d87530")];

    internal static Task FillAsync(DatasetWorkplace work) => FillAsync(work, RecordsOfFile);

    /// <summary>Makes the pictures from files with any number of pictures.</summary>
    internal static async Task FillAsync(DatasetWorkplace work, int recordsOfFile)
    {
        var archive = await work.DownloadAsync(work.Dataset.Files[0]).ConfigureAwait(false);
        Directory.CreateDirectory(work.Scratch);
        var tar = new TarArchive(archive, work.Scratch);
        await Task.Run(() => tar.Unpack(work.Progress, work.CancellationToken), work.CancellationToken).ConfigureAwait(false);

        var pictures = new LabelledPictures(work, 6 * recordsOfFile);
        for (var file = 0; file < 5; file++)
        {
            string name = $"data_batch_{file + 1}.bin";
            await WriteAsync(work, pictures, name, "train", file * recordsOfFile, recordsOfFile).ConfigureAwait(false);
        }
        await WriteAsync(work, pictures, "test_batch.bin", "test", 0, recordsOfFile).ConfigureAwait(false);
    }

    private static async Task WriteAsync(
        DatasetWorkplace work, LabelledPictures pictures, string name, string split, int firstNumber, int count)
    {
        var path = Path.Join(work.Scratch, ArchiveFolder, name);
        if (!File.Exists(path))
            throw new DatasetException($"The archive of {work.Dataset.Title} has no {ArchiveFolder}/{name}.");
        var records = await File.ReadAllBytesAsync(path, work.CancellationToken).ConfigureAwait(false);
        if (records.Length != count * RecordBytes)
        {
            throw new DatasetException(
                $"{ArchiveFolder}/{name} of {work.Dataset.Title} has {records.Length:N0} bytes instead of {count * RecordBytes:N0}.");
        }

        var labels = new byte[count];
        for (var i = 0; i < count; i++) labels[i] = records[i * RecordBytes];
        await pictures
            .WriteAsync(split, labels, firstNumber, i => Encode(records.AsSpan((i * RecordBytes) + 1, 3 * Plane)))
            .ConfigureAwait(false);
    }

    private static byte[] Encode(ReadOnlySpan<byte> planes)
    {
        Span<byte> pixels = stackalloc byte[3 * Plane];
        for (var i = 0; i < Plane; i++)
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (planes[i], planes[Plane + i], planes[(2 * Plane) + i]);
        return PngEncoder.Encode(pixels, Side, Side, channels: 3);
    }
}
