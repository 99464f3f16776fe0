using System.IO.Enumeration;

namespace ResNet.Training.Data.Folders;

/// <summary>The folders of a data set that are splits, and its other folders. A name counts in any capitals.</summary>
internal sealed class SplitFolders
{
    private static readonly Dictionary<string, DatasetSplit> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["train"] = DatasetSplit.Train,
        ["training"] = DatasetSplit.Train,
        ["val"] = DatasetSplit.Validation,
        ["valid"] = DatasetSplit.Validation,
        ["validation"] = DatasetSplit.Validation,
        ["test"] = DatasetSplit.Test,
        ["testing"] = DatasetSplit.Test,
    };

    private readonly Dictionary<DatasetSplit, string> _splits = [];

    /// <summary>Looks at the folders below a data set's folder.</summary>
    /// <exception cref="DatasetException">It is missing or cannot be listed, or two folders are the same split.</exception>
    internal SplitFolders(string root)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        Root = root;
        if (!Directory.Exists(root))
        {
            throw new DatasetException(
                File.Exists(root)
                    ? $"'{root}' is a file: give a folder that holds train/ and val/ (or test/), each with one folder a class."
                    : $"There is no folder '{root}': give a folder that holds train/ and val/ (or test/), each with one folder a class.")
            {
                Problem = DatasetProblem.Missing,
            };
        }
        var others = new List<string>();
        foreach (string name in ListFolders(root))
        {
            if (Find(name) is not { } split) others.Add(name);
            else if (!_splits.TryAdd(split, name))
            {
                throw new DatasetException(
                    $"'{root}' has both {_splits[split]}/ and {name}/, so it is not clear which of them is meant: rename one of them, "
                    + "or move it elsewhere.");
            }
        }
        Others = others;
    }

    /// <summary>The data set's folder.</summary>
    internal string Root { get; }

    /// <summary>The names of the folders that are no splits, sorted.</summary>
    internal IReadOnlyList<string> Others { get; }

    /// <summary>
    /// Whether the data set is divided: it has training images and others, or nothing but training images. A class may be called train too.
    /// </summary>
    internal bool IsDivided => Has(DatasetSplit.Train) && (_splits.Count > 1 || Others.Count == 0);

    /// <summary>Whether there is a folder of a split.</summary>
    internal bool Has(DatasetSplit split) => _splits.ContainsKey(split);

    /// <summary>Returns the path of a split's folder; null if there is none.</summary>
    internal string? PathOf(DatasetSplit split) => _splits.TryGetValue(split, out var name) ? Path.Join(Root, name) : null;

    /// <summary>
    /// Refuses a folder of validation or test images that has no training images beside it, and one of training images beside folders that
    /// are no splits: either could be the class.
    /// </summary>
    internal void RefuseUnclear()
    {
        if (IsDivided) return;
        if (PathOf(DatasetSplit.Train) is { } train && HasOnlyFolders(train))
        {
            throw new DatasetException(
                $"'{Root}' has {Others[0]}/ beside {Path.GetFileName(train)}/, whose folders look like classes: move {Others[0]}/ "
                + $"elsewhere, or give '{train}' alone.");
        }
        if (!Has(DatasetSplit.Validation) && !Has(DatasetSplit.Test)) return;
        var found = string.Join(" and ", _splits.Values.Order(StringComparer.Ordinal).Select(name => $"{name}/"));
        throw new DatasetException(
            Others.Count > 0
                ? $"'{Root}' has {found} beside {Others[0]}/, and a folder of that name is never a class: put the class folders to learn "
                    + $"from into {Path.Join(Root, "train")}."
                : $"'{Root}' has {found}, but no train/: put the class folders to learn from into {Path.Join(Root, "train")}.");
    }

    /// <summary>Returns the split that a folder's name stands for; null if it stands for none.</summary>
    internal static DatasetSplit? Find(string name) => s_names.TryGetValue(name, out var split) ? split : null;

    /// <summary>Refuses folders as classes that are named after splits.</summary>
    /// <param name="root">The folder that holds them.</param>
    /// <param name="classes">Their names.</param>
    internal static void RefuseAsClasses(string root, IReadOnlyList<string> classes)
    {
        if (classes.All(name => Find(name) is not null))
        {
            throw new DatasetException(
                $"The folders in '{root}' are splits and not classes: {string.Join(", ", classes.Select(name => $"{name}/"))}. "
                + $"Give one of them, such as '{Path.Join(root, classes[0])}', or open them together as splits.");
        }
        if (classes.FirstOrDefault(name => Find(name) is DatasetSplit.Validation or DatasetSplit.Test) is { } taken)
        {
            throw new DatasetException(
                $"The folder '{Path.Join(root, taken)}' lies among class folders, but its name is that of a split and never a class: "
                + "rename it, or move it elsewhere.");
        }
    }

    private static bool HasOnlyFolders(string path)
    {
        try
        {
            return Directory.EnumerateDirectories(path).Any() && !Directory.EnumerateFiles(path).Any();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw ImageFolder.Unlistable(path, failure);
        }
    }

    private static List<string> ListFolders(string root)
    {
        try
        {
            var options = new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false };
            var folders = new FileSystemEnumerable<string>(root, (ref FileSystemEntry entry) => entry.FileName.ToString(), options)
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.IsDirectory,
            };
            return [.. folders.Order(CodePointOrder.Instance)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw ImageFolder.Unlistable(root, failure);
        }
    }
}
