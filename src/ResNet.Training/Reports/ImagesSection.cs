using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Reports.Charts;
using static ResNet.Training.Reports.Charts.Html;
using static ResNet.Training.Reports.HtmlPage;

namespace ResNet.Training.Reports;

/// <summary>The part of a report about the images of the run: those of each class, and those that are there more than once.</summary>
internal static class ImagesSection
{
    // Longer tables are collapsed.
    private const int OpenRows = 12;

    private const int MostCopies = 20;

    /// <summary>Writes the section; empty if the images are not known.</summary>
    internal static string Write(DatasetManifest? manifest, IReadOnlyList<string> classes) => manifest is not { Entries.Count: > 0 }
        ? ""
        : Section("Images", CountTable(manifest, classes), CopyTable(manifest));

    private static string CountTable(DatasetManifest manifest, IReadOnlyList<string> classes)
    {
        var counts = manifest.Entries.CountBy(entry => (entry.Class, entry.Split)).ToDictionary();
        DatasetSplit[] splits = [.. counts.Keys.Select(key => key.Split).Distinct().Order()];
        string[] names = [.. classes, .. counts.Keys.Select(key => key.Class).Distinct().Except(classes).Order(StringComparer.Ordinal)];
        string[] Row(string name, Func<DatasetSplit, int> count) => [name, .. splits.Select(split => Figures.Whole(count(split)))];
        string table = Table(
            "Images of each class",
            ["class", .. splits.Select(Name)],
            names.Select(name => Row(Text(name), split => counts.GetValueOrDefault((name, split))))
                .Append(Row("<strong>all</strong>", split => manifest.Entries.Count(entry => entry.Split == split))));
        return $"<details{(names.Length <= OpenRows ? " open" : "")}><summary>Images of each class</summary>\n{table}</details>\n";
    }

    private static string CopyTable(DatasetManifest manifest)
    {
        if (manifest.IsOfPacks) return "";
        var pairs = manifest.FindCopyPairs();
        if (pairs.Count == 0) return "<p class=\"lead\">No image is there more than once.</p>\n";
        int leaks = manifest.FindLeaks().Count;
        string lead = $"{Figures.Whole(pairs.Count)} {(pairs.Count == 1 ? "image has" : "images have")} the same bytes as another one, and "
            + $"{Figures.Whole(leaks)} of the images to evaluate {(leaks == 1 ? "is" : "are")} also among the training images.";
        string more = pairs.Count > MostCopies ? $"<p class=\"note\">and {Figures.Whole(pairs.Count - MostCopies)} more</p>\n" : "";
        // Those between splits matter most.
        var rows = pairs.OrderBy(pair => pair.First.Split == pair.Copy.Split).Take(MostCopies).Select(pair => (string[])
        [
            ImagePaths.Breakable(pair.First.Path),
            ImagePaths.Breakable(pair.Copy.Path),
            Kind(pair.First, pair.Copy),
        ]);
        return $"<p class=\"{(leaks > 0 ? "warning" : "lead")}\">{lead}</p>\n"
            + Table("Images that are there more than once", ["image", "the same image", "where"], rows, "words paths") + more;
    }

    private static string Kind(ManifestEntry first, ManifestEntry copy)
    {
        string where = first.Split == copy.Split ? $"both {Name(first.Split)}" : $"{Name(first.Split)} and {Name(copy.Split)}";
        return first.Class == copy.Class ? where : Text($"{where}, as '{first.Class}' and '{copy.Class}'");
    }

    private static string Name(DatasetSplit split) => split switch
    {
        DatasetSplit.Train => "training",
        DatasetSplit.Validation => "validation",
        _ => "test",
    };
}
