using ResNet.Training.Data.Manifests;
using static ResNet.Training.Reports.Charts.Html;

namespace ResNet.Training.Reports;

/// <summary>The paths of images as a manifest has them: below the data set's folder, or in a pack.</summary>
internal static class ImagePaths
{
    /// <summary>Returns an evaluated image's path in the manifest; its full name if the manifest does not have it.</summary>
    /// <param name="name">The path of its file, or the path of its pack, a colon and its name in it.</param>
    /// <param name="manifest">The images of the run; null if they are not known.</param>
    internal static string Find(string name, DatasetManifest? manifest)
    {
        if (manifest is null) return name;
        string path = name.Replace(Path.DirectorySeparatorChar, '/');
        // Packs of several splits may have images of the same name.
        var split = manifest.EvaluationSplit;
        // The folder of the data set may itself have the name of one of its folders: the longest path is the right one.
        return manifest.Entries.Where(entry => entry.Split == split && IsAt(path, entry.Path)).Select(entry => entry.Path)
            .MaxBy(entry => entry.Length) ?? name;
    }

    /// <summary>Returns the whole path of a file; the name itself if it is not that of a file.</summary>
    internal static string Whole(string name) => File.Exists(name) ? Path.GetFullPath(name) : name;

    /// <summary>Returns a path as HTML in which lines break after slashes.</summary>
    internal static string Breakable(string path) => string.Join("/<wbr>", path.Split('/').Select(part => Text(part)));

    private static bool IsAt(string path, string entry)
    {
        if (path == entry) return true;
        int start = path.Length - entry.Length - 1;
        if (start >= 0 && path[start] == '/' && path.EndsWith(entry, StringComparison.Ordinal)) return true;
        // In a pack, names are below the split.
        var below = entry.AsSpan(entry.IndexOf('/', StringComparison.Ordinal) + 1);
        return path.AsSpan().EndsWith(below) && path.AsSpan(0, path.Length - below.Length).EndsWith(": ");
    }
}
