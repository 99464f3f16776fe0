using System.IO.Enumeration;

namespace ResNet.Training.Data.Folders;

/// <summary>
/// A folder of labelled images: one folder per class, with the images anywhere below it. The rules and the order are those of
/// torchvision's <c>ImageFolder</c> (<c>torchvision/datasets/folder.py</c>), so labels and positions agree with it.
/// </summary>
/// <remarks>
/// Classes are the folders directly below the root, sorted by name, character by character (<c>Z</c> before <c>a</c>,
/// <c>10</c> before <c>9</c>). Within a class the images are sorted by their folder, then by their name. Links to folders
/// are followed, but never back into a folder that contains them, be it the root or a folder above it. Files with other
/// extensions are ignored and counted. No file is opened. Unlike torchvision, names that could be taken for others are refused: folders
/// named after splits as classes, class names with control characters or that differ only in capitals or in Unicode's composition of
/// characters, and names that are not UTF-8.
/// </remarks>
public sealed partial class ImageFolder : IImageSource
{
    private const int NamedClasses = 3;

    private static readonly string[] s_imageExtensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];

    private readonly IReadOnlyList<string> _extensions;

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <exception cref="DatasetException">
    /// The folder is missing or unreadable, has no class folders, a class has no image, or a name is refused.
    /// </exception>
    public ImageFolder(string root)
        : this(root, Extensions)
    {
    }

    /// <summary>Lists the images of a folder that have certain endings.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <param name="extensions">The endings of the files that count as images, with their dot; case does not matter.</param>
    /// <exception cref="DatasetException">As for the other constructor.</exception>
    /// <exception cref="InvalidOptionException">There is no ending, or one does not begin with a dot.</exception>
    public ImageFolder(string root, IReadOnlyList<string> extensions)
        : this(root, extensions, mayBeEmpty: [])
    {
    }

    internal ImageFolder(string root, IReadOnlyList<string> extensions, IReadOnlyList<string> mayBeEmpty)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        Root = root;
        _extensions = CheckExtensions(this, extensions, nameof(extensions));
        var passedOver = new SortedDictionary<string, int>(StringComparer.Ordinal);
        PassedOver = passedOver;
        try
        {
            Classes = ListClasses(root);
            (Samples, CountPerClass) = ListSamples(root, Classes, passedOver);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unlistable(root, failure);
        }
        RefuseEmptyClasses(mayBeEmpty);
    }

    private ImageFolder(ImageFolder folder, IReadOnlyList<string> classes, IReadOnlyList<ImageSample> samples)
    {
        (Root, _extensions, PassedOver, Classes, Samples) = (folder.Root, folder._extensions, folder.PassedOver, classes, samples);
        var counts = new int[classes.Count];
        foreach (var sample in samples) counts[sample.Label]++;
        CountPerClass = counts;
    }

    /// <summary>
    /// The endings of the files that count as images by default, in lower case and with their dot; case does not matter.
    /// </summary>
    public static IReadOnlyList<string> Extensions { get; } = s_imageExtensions.AsReadOnly();

    /// <summary>The folder that holds the class folders, as it was given.</summary>
    public string Root { get; }

    /// <summary>The names of the classes; a class's index is its label.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>All images, class by class; in a <see cref="Subset"/>, in its given order.</summary>
    public IReadOnlyList<ImageSample> Samples { get; }

    /// <summary>The number of images.</summary>
    public int Count => Samples.Count;

    /// <summary>The number of images of each class, at least 1; in a <see cref="Subset"/> it may be 0.</summary>
    public IReadOnlyList<int> CountPerClass { get; }

    /// <summary>
    /// The files in the class folders that were passed over: their number by ending, in lower case with its dot, empty for none.
    /// </summary>
    public IReadOnlyDictionary<string, int> PassedOver { get; }

    int IImageSource.Label(int index) => Samples[index].Label;

    string IImageSource.Name(int index) => Samples[index].Path;

    IImageReader IImageSource.OpenReader(int channels) => new FileImageSource(Samples).OpenReader(channels);

    internal static DatasetException Unlistable(string root, Exception failure) =>
        new($"The folder '{root}' cannot be listed: {failure.Message}", failure);

    /// <summary>Checks the endings of image files.</summary>
    internal static IReadOnlyList<string> CheckExtensions(object owner, IReadOnlyList<string> extensions, string name)
    {
        ArgumentNullException.ThrowIfNull(extensions);
        bool isSound = extensions.Count > 0 && extensions.All(extension => extension is ['.', _, ..]);
        return Require.That(owner, extensions, isSound, "endings of files with their dot, such as .jpg", name);
    }

    internal static string Names(List<string> classes)
    {
        var named = string.Join(", ", classes.Take(NamedClasses).Select(name => $"'{name}'"));
        return classes.Count > NamedClasses ? $"{named} and {classes.Count - NamedClasses} more" : named;
    }

    private string[] ListClasses(string root)
    {
        if (!Directory.Exists(root))
            throw new DatasetException(File.Exists(root)
                ? $"'{root}' is a file: give the folder that holds one folder of images a class."
                : $"There is no folder '{root}': give the folder that holds one folder of images a class.")
            {
                Problem = DatasetProblem.Missing,
            };

        var entries = List(root);
        var classes = entries.Where(entry => entry.IsFolder).Select(entry => entry.Name).ToArray();
        foreach (var name in classes) ClassNames.RefuseUnreadable(root, name);
        if (classes.Length == 0)
            throw new DatasetException(entries.Exists(entry => IsImage(entry.Name))
                ? $"The images lie directly in '{root}': put each into a folder below it that is named after its class."
                : $"The folder '{root}' has no class folders: it needs one folder of images a class.");
        Array.Sort(classes, CodePointOrder.Instance);
        SplitFolders.RefuseAsClasses(root, classes);
        ClassNames.Refuse(root, classes);
        return classes;
    }

    private (List<ImageSample> Samples, int[] Counts) ListSamples(
        string root, IReadOnlyList<string> classes, SortedDictionary<string, int> passedOver)
    {
        var samples = new List<ImageSample>();
        var counts = new int[classes.Count];
        var realRoot = RealPath(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)));
        var above = FromTopTo(realRoot);
        for (var label = 0; label < classes.Count; label++)
        {
            var folders = new List<Folder>();
            Walk(Path.Join(root, classes[label]), Resolve(Path.Join(realRoot, classes[label])), above, folders, passedOver);
            // The whole path is compared, not name by name: "a-b/" comes before "a/b/", as in the sorted rows of os.walk.
            folders.Sort((a, b) => CodePointOrder.Instance.Compare(a.SortKey, b.SortKey));

            var before = samples.Count;
            foreach (var folder in folders)
            {
                foreach (var name in folder.Images)
                    samples.Add(new ImageSample(Path.Join(folder.Path, name), label));
            }
            counts[label] = samples.Count - before;
        }
        return (samples, counts);
    }

    // Parent folders are kept by their real paths: following a link back to one of them would never end.
    private void Walk(
        string path, string realPath, HashSet<string> above, List<Folder> folders, SortedDictionary<string, int> passedOver)
    {
        if (!above.Add(realPath))
            return;
        var entries = List(path);
        var files = entries.Where(entry => !entry.IsFolder).ToLookup(entry => IsImage(entry.Name), entry => entry.Name);
        var images = files[true].ToArray();
        foreach (var image in images) ClassNames.RefuseUnreadable(path, image);
        foreach (var other in files[false]) CountEnding(passedOver, Path.GetExtension(other).ToLowerInvariant());
        Array.Sort(images, CodePointOrder.Instance);
        folders.Add(new Folder(path, path.Replace(Path.DirectorySeparatorChar, '/'), images));
        foreach (var entry in entries.Where(entry => entry.IsFolder))
        {
            ClassNames.RefuseUnreadable(path, entry.Name);
            var child = Path.Join(realPath, entry.Name);
            Walk(Path.Join(path, entry.Name), entry.IsLink ? Resolve(child) : child, above, folders, passedOver);
        }
        above.Remove(realPath);
    }

    private static void CountEnding(SortedDictionary<string, int> counts, string ending) =>
        counts[ending] = counts.GetValueOrDefault(ending) + 1;

    // The real path of a folder, without links and without a separator at its end, so that each folder has one name.
    private static string RealPath(string path) =>
        Path.GetDirectoryName(path) is { } parent ? Resolve(Path.Join(RealPath(parent), Path.GetFileName(path))) : path;

    private static string Resolve(string path) => Directory.ResolveLinkTarget(path, returnFinalTarget: true) is { } target
        ? RealPath(Path.TrimEndingDirectorySeparator(target.FullName))
        : path;

    private static HashSet<string> FromTopTo(string realPath)
    {
        var folders = new HashSet<string>();
        for (var folder = realPath; folder is not null; folder = Path.GetDirectoryName(folder)) folders.Add(folder);
        return folders;
    }

    private bool IsImage(string name) => _extensions.Any(extension => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    private static List<Entry> List(string path)
    {
        // Hidden entries count, as in torchvision.
        var options = new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false };
        return [.. new FileSystemEnumerable<Entry>(path, ToEntry, options)];
    }

    private static Entry ToEntry(ref FileSystemEntry entry) => new(
        entry.FileName.ToString(), entry.IsDirectory, entry.IsDirectory && entry.Attributes.HasFlag(FileAttributes.ReparsePoint));

    private void RefuseEmptyClasses(IReadOnlyList<string> mayBeEmpty)
    {
        var empty = Classes.Where((name, label) => CountPerClass[label] == 0 && !mayBeEmpty.Contains(name)).ToList();
        if (empty.Count > 0)
            throw new DatasetException(
                $"In '{Root}' there are no images for {Names(empty)}: each class folder needs at least one file that ends in "
                + $"{string.Join(", ", _extensions)}.");
    }

    private readonly record struct Entry(string Name, bool IsFolder, bool IsLink);

    private readonly record struct Folder(string Path, string SortKey, string[] Images);
}
