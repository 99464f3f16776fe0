using ResNet.Imaging.Decoding;

namespace ResNet.Training.Data.Known;

/// <summary>
/// Fashion-MNIST: 60,000 pictures of clothes to train on and 10,000 to test with, 28 x 28 grey, ten classes
/// (Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms", 2017).
/// NNNNN in <c>train/CLASS/NNNNN.png</c> is the picture's position in the IDX file.
/// </summary>
internal static class FashionMnist
{
    private const int Side = 28;

    /// <summary>The folder of the Debian package <c>dataset-fashion-mnist</c>.</summary>
    private const string SystemFolder = "/usr/share/datasets/fashion-mnist";

    private const string Publisher = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

    private static readonly Split[] s_splits = [new("train", "train", 60_000), new("test", "t10k", 10_000)];

    /// <summary>Reads one of the four files, and checks that it has these dimensions.</summary>
    internal delegate Task<ReadOnlyMemory<byte>> IdxReader(string name, int[] dimensions);

    /// <summary>The class folders sort in the order of their labels, 0 to 9.</summary>
    internal static IReadOnlyList<DatasetClass> Classes { get; } =
    [
        new("0-t-shirt-top", "T-shirt/top"), new("1-trouser", "Trouser"), new("2-pullover", "Pullover"), new("3-dress", "Dress"),
        new("4-coat", "Coat"),
        new("5-sandal", "Sandal"), new("6-shirt", "Shirt"), new("7-sneaker", "Sneaker"), new("8-bag", "Bag"),
        new("9-ankle-boot", "Ankle boot"),
    ];

    internal static IReadOnlyList<DatasetFile> Files { get; } =
    [
        new(new(Publisher + "train-images-idx3-ubyte.gz"), "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        new(new(Publisher + "train-labels-idx1-ubyte.gz"), "25c81989df183df01b3e8a0aad5dffbe"),
        new(new(Publisher + "t10k-images-idx3-ubyte.gz"), "bef4ecab320f06d8554ea6380940ec79"),
        new(new(Publisher + "t10k-labels-idx1-ubyte.gz"), "bb300cfdad3c16e7a12a480ee83cd310"),
    ];

    /// <summary>Makes the pictures from the Debian package's files if they are installed, otherwise from the published files.</summary>
    internal static Task FillAsync(DatasetWorkplace work) =>
        FillAsync(work, s_splits, (name, dimensions) => ReadAsync(work, name, dimensions, SystemFolder));

    /// <summary>Makes the pictures from files of any origin, with any number of pictures.</summary>
    internal static async Task FillAsync(DatasetWorkplace work, IReadOnlyList<Split> splits, IdxReader read)
    {
        var pictures = new LabelledPictures(work, splits.Sum(split => split.Count));
        foreach (var (folder, prefix, count) in splits)
        {
            var images = await read($"{prefix}-images-idx3-ubyte.gz", [count, Side, Side]).ConfigureAwait(false);
            var labels = await read($"{prefix}-labels-idx1-ubyte.gz", [count]).ConfigureAwait(false);
            await pictures.WriteAsync(folder, labels, 0, Encode).ConfigureAwait(false);

            byte[] Encode(int i) => PngEncoder.Encode(images.Span.Slice(i * Side * Side, Side * Side), Side, Side, channels: 1);
        }
    }

    /// <summary>Reads the contents of one file and checks its dimensions.</summary>
    /// <exception cref="DatasetException">The file is damaged.</exception>
    internal static async Task<ReadOnlyMemory<byte>> ReadAsync(DatasetWorkplace work, string name, int[] dimensions, string systemFolder)
    {
        // The package's files are compressed again, so they do not have the published sums; only their dimensions can be checked.
        var path = Path.Join(systemFolder, name);
        if (!File.Exists(path))
        {
            var others = work.Dataset.Files.Where(file => file.Name != name).Select(file => file.Name);
            path = await work.DownloadAsync(
                work.Dataset.Files.Single(file => file.Name == name),
                "install Debian's package dataset-fashion-mnist; "
                + $"what else is needed, {string.Join(", ", others)}, belongs in the same folder").ConfigureAwait(false);
        }
        using var content = File.OpenRead(path);
        return IdxFile.ReadGzip(content, path, dimensions).Data;
    }

    /// <summary>The folder of some of the pictures, the start of their file names, and their number.</summary>
    internal readonly record struct Split(string Folder, string FilePrefix, int Count);
}
