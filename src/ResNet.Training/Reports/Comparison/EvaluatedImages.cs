using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Reports.Charts;

namespace ResNet.Training.Reports.Comparison;

/// <summary>Compares the images that several runs were evaluated on, by their content and class.</summary>
internal static class EvaluatedImages
{
    /// <summary>Returns a sentence about the images of each run; null if all are the same.</summary>
    internal static string? Describe(IReadOnlyList<ComparedRun> runs)
    {
        if (runs.Count < 2) return null;
        var groups = new List<(ImageSet? Images, List<ComparedRun> Runs)>();
        foreach (var run in runs)
        {
            var images = run.Manifest is { } manifest ? ImageSet.Of(manifest) : null;
            int same = groups.FindIndex(group => group.Images is null ? images is null : group.Images.IsSameAs(images));
            if (same >= 0) groups[same].Runs.Add(run);
            else groups.Add((images, [run]));
        }
        if (groups is [{ Images: not null }]) return null;
        // The hashes of packs and of files cannot be compared.
        bool areDifferent = groups.Where(group => group.Images is not null).CountBy(group => group.Images!.IsOfPacks)
            .Any(kind => kind.Value > 1);
        string parts = string.Join("; ", groups.Select(group => $"{Names(group.Runs)} {Known(group.Images)}"));
        return areDifferent
            ? $"The runs were evaluated on different images, so none of them is marked as the best: {parts}."
            : $"Whether the runs were evaluated on the same images is not known, so none of them is marked as the best: {parts}.";

        string Known(ImageSet? images)
        {
            var group = groups.Find(group => group.Images == images);
            if (images is null)
            {
                return group.Runs.Count == 1
                    ? "has no images.tsv, so its images are not known"
                    : "have no images.tsv, so their images are not known";
            }
            string place = string.Join(" and ", group.Runs.Select(Dataset).OfType<string>().Distinct().Select(name => $"'{name}'"));
            string text = $"on {Figures.Whole(images.Count)} {(images.IsOfPacks ? "packed " : "")}{images.Split} "
                + $"image{(images.Count == 1 ? "" : "s")}{(place.Length > 0 ? $" of {place}" : "")}";
            var first = groups.Find(other => other.Images?.IsOfPacks == images.IsOfPacks);
            return first.Images == images
                ? text
                : $"{text}, {Figures.Whole(images.CountSame(first.Images!))} of which {first.Runs[0].Name} was evaluated on";
        }
    }

    private static string? Dataset(ComparedRun run) =>
        run.Settings.FirstOrDefault(setting => setting.Name == nameof(Training.Runs.RunSettings.Dataset)).Value;

    private static string Names(List<ComparedRun> runs) => runs.Count == 1
        ? runs[0].Name
        : $"{string.Join(", ", runs.SkipLast(1).Select(run => run.Name))} and {runs[^1].Name}";

    /// <summary>The images that a run was evaluated on, wherever they are: how many there are of each class and content.</summary>
    private sealed record ImageSet(string Split, int Count, bool IsOfPacks, Dictionary<(string Class, long Length, ulong Hash), int> Images)
    {
        internal static ImageSet Of(DatasetManifest manifest)
        {
            var split = manifest.EvaluationSplit;
            var images = new Dictionary<(string, long, ulong), int>();
            int count = 0;
            foreach (var entry in manifest.Entries.Where(entry => entry.Split == split))
            {
                var key = (entry.Class, entry.Length, entry.Hash);
                images[key] = images.GetValueOrDefault(key) + 1;
                count++;
            }
            return new ImageSet(split == DatasetSplit.Validation ? "validation" : "test", count, manifest.IsOfPacks, images);
        }

        internal bool IsSameAs(ImageSet? other) =>
            other is not null && Count == other.Count && IsOfPacks == other.IsOfPacks && CountSame(other) == Count;

        internal int CountSame(ImageSet other) => Images.Sum(image => Math.Min(image.Value, other.Images.GetValueOrDefault(image.Key)));
    }
}
