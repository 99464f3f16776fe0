using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using ResNet.Core;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace ResNet.Training.Data.Manifests;

/// <summary>
/// The images of a data set at the time of a run, with their content: it tells later which images the run learned from, and which were set
/// aside, whatever has been added, moved or renamed since.
/// </summary>
/// <remarks>
/// The file has a line for each image: split, class, path, length and hash, separated by tabs. In a name, a tab, a line break or a
/// backslash is written as <c>\t</c>, <c>\n</c>, <c>\r</c> or <c>\\</c>.
/// </remarks>
public sealed class DatasetManifest
{
    /// <summary>The manifest's name in the folder of a run.</summary>
    internal const string FileName = "images.tsv";

    private const string Header = "split\tclass\tpath\tlength\thash";
    private const int Reports = 200;
    private const int BufferBytes = 1 << 20;

    private static readonly string[] s_splits = ["train", "validation", "test"];

    private readonly Lazy<IReadOnlyList<IReadOnlyList<ManifestEntry>>> _copies;

    /// <summary>Makes a manifest of some images.</summary>
    /// <param name="entries">The images.</param>
    public DatasetManifest(IEnumerable<ManifestEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        Entries = [.. entries.OrderBy(entry => entry.Path, CodePointOrder.Instance)];
        IsOfPacks = Entries.Count > 0 && Entries.All(entry => entry.Hash <= uint.MaxValue);
        _copies = new(() => IsOfPacks
            ? []
            :
            [
                .. Entries.Where(entry => entry.Length >= 0).GroupBy(entry => entry.Content)
                    .Where(same => same.Skip(1).Any()).Select(same => (ManifestEntry[])[.. same]),
            ]);
    }

    /// <summary>The images in the order of their paths.</summary>
    public IReadOnlyList<ManifestEntry> Entries { get; }

    /// <summary>The part that chose the best epoch: the validation images, or the test images if there are no others.</summary>
    public DatasetSplit EvaluationSplit =>
        Entries.Any(entry => entry.Split == DatasetSplit.Validation) ? DatasetSplit.Validation : DatasetSplit.Test;

    /// <summary>Whether hashes are those of the pixels of packs, which cannot be compared with those of files.</summary>
    public bool IsOfPacks { get; }

    /// <summary>Reads all files of a data set's splits once, on several threads, and hashes them.</summary>
    /// <param name="root">The data set's folder, below which all of them are.</param>
    /// <param name="splits">The splits.</param>
    /// <param name="workers">The number of threads, at least 1; null for one per processor.</param>
    /// <param name="progress">Receives the number of images, from several threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static DatasetManifest Create(
        string root,
        DatasetSplits splits,
        int? workers = null,
        IProgress<DatasetProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        var evaluation = splits.EvaluatesOnTest ? DatasetSplit.Test : DatasetSplit.Validation;
        var parts = new List<(DatasetSplit, ImageFolder)> { (DatasetSplit.Train, splits.Train), (evaluation, splits.Evaluation) };
        if (splits.Test is { } test) parts.Add((DatasetSplit.Test, test));
        return Create(root, parts, workers, progress, cancellationToken);
    }

    /// <summary>Reads all files of some image folders once, on several threads, and hashes them.</summary>
    /// <param name="root">The data set's folder, below which all of them are.</param>
    /// <param name="parts">The folders, each with its split.</param>
    /// <param name="workers">The number of threads, at least 1; null for one per processor.</param>
    /// <param name="progress">Receives the number of images, from several threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static DatasetManifest Create(
        string root,
        IReadOnlyList<(DatasetSplit Split, ImageFolder Images)> parts,
        int? workers = null,
        IProgress<DatasetProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        ArgumentNullException.ThrowIfNull(parts);
        var images = parts.SelectMany(part => part.Images.Samples.Select(sample => (part.Split, part.Images.Classes, sample))).ToArray();
        var entries = new ManifestEntry[images.Length];
        int done = 0;
        Workers.For(images.Length, workers ?? Environment.ProcessorCount, Describe, cancellationToken);
        return new DatasetManifest(entries);

        void Describe(int i)
        {
            var (split, classes, sample) = images[i];
            var (length, hash) = HashFile(sample.Path);
            entries[i] = new ManifestEntry(split, classes[sample.Label], sample.PathBelow(root), length, hash);
            int count = Interlocked.Increment(ref done);
            if (count == images.Length || count % Math.Max(1, images.Length / Reports) == 0)
                progress?.Report(new DatasetProgress("Reading images", count, images.Length));
        }
    }

    /// <summary>Lists the images of packs by their checksums, without reading pixels.</summary>
    /// <param name="packs">The packs, each with its split.</param>
    public static DatasetManifest Create(IReadOnlyList<(DatasetSplit Split, ImagePack Pack)> packs)
    {
        ArgumentNullException.ThrowIfNull(packs);
        return new DatasetManifest(packs.SelectMany(part => Enumerable.Range(0, part.Pack.Images).Select(i =>
        {
            var (name, length, checksum) = part.Pack.Describe(i);
            return new ManifestEntry(part.Split, name, $"{NameOf(part.Split)}/{part.Pack.Names[i]}", length, checksum);
        })));
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DatasetException">It is missing, cannot be read, or is no manifest.</exception>
    public static DatasetManifest Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var reader = new StreamReader(path, Encoding.UTF8);
            if (reader.ReadLine() != Header) throw new FormatException("line 1 is not that of a manifest");
            var entries = new List<ManifestEntry>();
            var paths = new HashSet<string>();
            for (int number = 2; reader.ReadLine() is { } line; number++)
            {
                var entry = Parse(line) ?? throw new FormatException($"line {number} is damaged");
                if (!paths.Add(entry.Path)) throw new FormatException($"line {number} repeats the image of a line before");
                entries.Add(entry);
            }
            return new DatasetManifest(entries);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new DatasetException($"The manifest '{path}' cannot be read: {failure.Message.TrimEnd('.')}.", failure);
        }
    }

    /// <summary>Writes the manifest beside its place and renames it over a former one.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream =>
        {
            var encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
            using var writer = new StreamWriter(stream, encoding, BufferBytes, leaveOpen: true) { NewLine = "\n" };
            writer.WriteLine(Header);
            foreach (var (split, name, image, length, hash) in Entries)
            {
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{NameOf(split)}\t{Escape(name)}\t{Escape(image)}\t{length}\t{hash:x16}"));
            }
        });
    }

    /// <summary>Finds the changes from this manifest to a later one of the same data set.</summary>
    /// <param name="now">The later manifest.</param>
    public ManifestComparison CompareTo(DatasetManifest now)
    {
        ArgumentNullException.ThrowIfNull(now);
        var before = Entries.ToDictionary(entry => entry.Path);
        var after = now.Entries.ToDictionary(entry => entry.Path);
        var gone = Entries.Where(entry => !after.ContainsKey(entry.Path)).ToList();
        var added = now.Entries.Where(entry => !before.ContainsKey(entry.Path)).ToList();
        var changed = new List<ManifestEntry>();
        var moved = new List<(ManifestEntry Before, ManifestEntry Now)>();
        foreach (var entry in now.Entries)
        {
            if (!before.TryGetValue(entry.Path, out var then)) continue;
            if (then.Content != entry.Content) changed.Add(entry);
            else if (then.Class != entry.Class) moved.Add((then, entry));
        }
        // An image that is gone may be at another path.
        var vacant = gone.Where(entry => entry.Length >= 0).GroupBy(entry => entry.Content)
            .ToDictionary(same => same.Key, same => new Queue<ManifestEntry>(same));
        foreach (var entry in added.ToList())
        {
            if (!vacant.TryGetValue(entry.Content, out var same) || !same.TryDequeue(out var then)) continue;
            moved.Add((then, entry));
            added.Remove(entry);
            gone.Remove(then);
        }
        return new ManifestComparison { New = added, Gone = gone, Changed = changed, Moved = moved };
    }

    /// <summary>
    /// Finds the evaluation and test images whose bytes are also those of a training image: the network learns them by heart.
    /// </summary>
    public IReadOnlyList<(ManifestEntry Evaluated, ManifestEntry Trained)> FindLeaks()
    {
        var trained = CollectTrained();
        return
        [
            .. Entries.Where(entry => entry.Split != DatasetSplit.Train && trained.ContainsKey(entry.Content))
                .Select(entry => (entry, trained[entry.Content])),
        ];
    }

    /// <summary>
    /// Finds images with the same bytes: groups of two or more, in one part of the data set or in several, each in the order of the paths.
    /// None in packs, since different images may have the same checksum there.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<ManifestEntry>> FindCopies() => _copies.Value;

    /// <summary>Lists the copies of <see cref="FindCopies"/>, each with the first image that has the same bytes.</summary>
    /// <param name="split">The part of the data set that both are in; null for any.</param>
    public IReadOnlyList<(ManifestEntry First, ManifestEntry Copy)> FindCopyPairs(DatasetSplit? split = null) =>
    [
        .. FindCopies().Select(same => same.Where(entry => split is null || entry.Split == split).ToList())
            .SelectMany(same => same.Skip(1).Select(copy => (same[0], copy))),
    ];

    /// <summary>Finds the images of another data set that are training images of this one, by their content.</summary>
    /// <param name="other">The other data set.</param>
    public IReadOnlyList<ManifestEntry> FindTrained(DatasetManifest other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var trained = CollectTrained();
        return [.. other.Entries.Where(entry => trained.ContainsKey(entry.Content))];
    }

    /// <summary>Returns the images of a split that are still there with their content, below a folder.</summary>
    /// <param name="root">The data set's folder.</param>
    /// <param name="split">The split.</param>
    /// <param name="changed">The images with another content.</param>
    /// <param name="gone">The images that are no longer there.</param>
    public IReadOnlyList<ManifestEntry> FindUnchanged(
        string root, DatasetSplit split, out IReadOnlyList<ManifestEntry> changed, out IReadOnlyList<ManifestEntry> gone)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        var entries = Entries.Where(entry => entry.Split == split).ToArray();
        var found = new (long Length, ulong Hash)[entries.Length];
        Workers.For(entries.Length, Environment.ProcessorCount, i => found[i] = HashFile(Path.Join(root, entries[i].Path)), default);
        var all = entries.Zip(found).ToList();
        gone = [.. all.Where(pair => pair.Second.Length < 0).Select(pair => pair.First)];
        changed = [.. all.Where(pair => pair.Second.Length >= 0 && pair.Second != pair.First.Content).Select(pair => pair.First)];
        return [.. all.Where(pair => pair.Second.Length >= 0 && pair.Second == pair.First.Content).Select(pair => pair.First)];
    }

    internal static string NameOf(DatasetSplit split) => s_splits[(int)split];

    private Dictionary<(long, ulong), ManifestEntry> CollectTrained()
    {
        var trained = new Dictionary<(long, ulong), ManifestEntry>();
        foreach (var entry in Entries.Where(entry => entry.Split == DatasetSplit.Train && entry.Length >= 0))
            trained.TryAdd(entry.Content, entry);
        return trained;
    }

    private static (long Length, ulong Hash) HashFile(string path)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var hash = new XxHash3();
            long length = 0;
            while (RandomAccess.Read(file, buffer, length) is var read and > 0)
            {
                hash.Append(buffer.AsSpan(0, read));
                length += read;
            }
            return (length, hash.GetCurrentHashAsUInt64());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The loader reports or skips it.
            return (-1, 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ManifestEntry? Parse(string line)
    {
        if (line.Split('\t') is not [var split, var name, var path, var lengthText, var hashText]) return null;
        int index = Array.IndexOf(s_splits, split);
        return index >= 0
            && long.TryParse(lengthText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long length)
            && ulong.TryParse(hashText, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hash)
            && Unescape(name) is { } plainName && Unescape(path) is { } plainPath
                ? new ManifestEntry((DatasetSplit)index, plainName, plainPath, length, hash)
                : null;
    }

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);

    private static string? Unescape(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }
            if (++i == text.Length) return null;
            switch (text[i])
            {
                case '\\': plain.Append('\\'); break;
                case 't': plain.Append('\t'); break;
                case 'n': plain.Append('\n'); break;
                case 'r': plain.Append('\r'); break;
                default: return null;
            }
        }
        return plain.ToString();
    }
}
