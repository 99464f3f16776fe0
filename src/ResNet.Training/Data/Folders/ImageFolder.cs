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
/// extensions are ignored. No file is opened.
/// </remarks>
public sealed partial class ImageFolder : IImageSource
{
    private const int NamedClasses = 3;

    private static readonly string[] s_imageExtensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <exception cref="DatasetException">The folder is missing or unreadable, has no class folders, or a class has no image.</exception>
    public ImageFolder(string root)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        Root = root;
        try
        {
            Classes = ListClasses(root);
            (Samples, CountPerClass) = ListSamples(root, Classes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unlistable(root, failure);
        }
        RefuseEmptyClasses();
    }

    private ImageFolder(string root, IReadOnlyList<string> classes, IReadOnlyList<ImageSample> samples)
    {
        (Root, Classes, Samples) = (root, classes, samples);
        var counts = new int[classes.Count];
        foreach (var sample in samples) counts[sample.Label]++;
        CountPerClass = counts;
    }

    /// <summary>The endings of the files that count as images, in lower case and with their dot; case does not matter.</summary>
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

    int IImageSource.Label(int index) => Samples[index].Label;

    string IImageSource.Name(int index) => Samples[index].Path;

    IImageReader IImageSource.OpenReader(int channels) => new FileImageSource(Samples).OpenReader(channels);

    private static DatasetException Unlistable(string root, Exception failure) =>
        new($"The folder '{root}' cannot be listed: {failure.Message}", failure);

    private static string Names(List<string> classes)
    {
        var named = string.Join(", ", classes.Take(NamedClasses).Select(name => $"'{name}'"));
        return classes.Count > NamedClasses ? $"{named} and {classes.Count - NamedClasses} more" : named;
    }

    private static string[] ListClasses(string root)
    {
        if (!Directory.Exists(root))
            throw new DatasetException(File.Exists(root)
                ? $"'{root}' is a file: give the folder that holds one folder of images a class."
                : $"There is no folder '{root}': give the folder that holds one folder of images a class.");

        var entries = List(root);
        var classes = entries.Where(entry => entry.IsFolder).Select(entry => entry.Name).ToArray();
        if (classes.Length == 0)
            throw new DatasetException(entries.Exists(entry => IsImage(entry.Name))
                ? $"The images lie directly in '{root}': put each into a folder below it that is named after its class."
                : $"The folder '{root}' has no class folders: it needs one folder of images a class.");
        Array.Sort(classes, CodePointOrder.Instance);
        return classes;
    }

    private static (List<ImageSample> Samples, int[] Counts) ListSamples(string root, IReadOnlyList<string> classes)
    {
        var samples = new List<ImageSample>();
        var counts = new int[classes.Count];
        var realRoot = RealPath(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)));
        var above = FromTopTo(realRoot);
        for (var label = 0; label < classes.Count; label++)
        {
            var folders = new List<Folder>();
            Walk(Path.Join(root, classes[label]), Resolve(Path.Join(realRoot, classes[label])), above, folders);
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
    private static void Walk(string path, string realPath, HashSet<string> above, List<Folder> folders)
    {
        if (!above.Add(realPath))
            return;
        var entries = List(path);
        var images = entries.Where(entry => !entry.IsFolder && IsImage(entry.Name)).Select(entry => entry.Name).ToArray();
        Array.Sort(images, CodePointOrder.Instance);
        folders.Add(new Folder(path, path.Replace(Path.DirectorySeparatorChar, '/'), images));
        foreach (var entry in entries.Where(entry => entry.IsFolder))
        {
            var child = Path.Join(realPath, entry.Name);
            Walk(Path.Join(path, entry.Name), entry.IsLink ? Resolve(child) : child, above, folders);
        }
        above.Remove(realPath);
    }

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

    private static bool IsImage(string name) =>
        Array.Exists(s_imageExtensions, extension => name.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    private static List<Entry> List(string path)
    {
        // Hidden entries count, as in torchvision.
        var options = new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false };
        return [.. new FileSystemEnumerable<Entry>(path, ToEntry, options)];
    }

    private static Entry ToEntry(ref FileSystemEntry entry) => new(
        entry.FileName.ToString(), entry.IsDirectory, entry.IsDirectory && entry.Attributes.HasFlag(FileAttributes.ReparsePoint));

    private void RefuseEmptyClasses()
    {
        var empty = Classes.Where((_, label) => CountPerClass[label] == 0).ToList();
        if (empty.Count > 0)
            throw new DatasetException(
                $"In '{Root}' there are no images for {Names(empty)}: each class folder needs at least one file that ends in "
                + $"{string.Join(", ", s_imageExtensions)}.");
    }

    private readonly record struct Entry(string Name, bool IsFolder, bool IsLink);

    private readonly record struct Folder(string Path, string SortKey, string[] Images);
}
