using ResNet.Testing;

namespace ResNet.Packages.Tests;

/// <summary>The pages of the documentation with code, and the files in the folder where it runs.</summary>
internal static class Pages
{
    private const string Datasets = "docs/datasets.md";

    // 16 x 12 pixels as WebP, which libvips decodes.
    private const string Pet =
        "UklGRkgAAABXRUJQVlA4IDwAAACwAQCdASoQAAwAAsBMJbACdAEOtXEwAP724pXOmh/Q8nXtphvx6GgtO8rtNEZKr//cOMEf7XgOX9mZAAA=";

    // A few more than the largest batch of a page. A page that trains five epochs has a small batch.
    private const int Photos = 136;
    private const int FewPhotos = 40;

    /// <summary>The paths of the pages, relative to the root of the repository.</summary>
    internal static IReadOnlyList<string> All { get; } =
    [
        .. new[]
            {
                "README.md", "src/ResNet.Imaging/README.md", "src/ResNet.Inference/README.md", "src/ResNet.Core/README.md",
                "src/ResNet.Training/README.md",
            }
            .Concat(Directory.EnumerateFiles(Path.Combine(Consumer.Root, "docs"), "*.md")
                .Select(path => "docs/" + Path.GetFileName(path)).Order(StringComparer.Ordinal))
            .Where(page => Blocks(page).Any()),
    ];

    /// <summary>Returns a page's blocks; a block that needs a download comes a second time with new weights.</summary>
    internal static IEnumerable<CodeBlock> Blocks(string page) =>
        CodeBlock.Of(page, File.ReadAllText(Path.Combine(Consumer.Root, page)).ReplaceLineEndings("\n"))
            .SelectMany(block => block.WithNewWeights is { } other ? [block, other] : new[] { block });

    /// <summary>Puts photos, a picture and a run into a folder.</summary>
    internal static void Prepare(string page, string folder)
    {
        string photos = Path.Combine(folder, "photos");
        TinyPictures.Write(photos, page.EndsWith("README.md", StringComparison.Ordinal) ? FewPhotos : Photos);
        File.WriteAllBytes(Path.Combine(folder, "pet.jpg"), Convert.FromBase64String(Pet));
        Directory.CreateDirectory(Path.Combine(folder, "runs", "mine"));
        File.WriteAllText(
            Path.Combine(folder, "runs", "mine", "metrics.csv"),
            "epoch,steps,train_loss,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second\n"
            + "1,3,0.7,0.6,60,100,,,,0.1,100\n");
        if (page != Datasets) return;
        // On this page, the photos are not divided yet.
        foreach (string name in Directory.GetDirectories(Path.Combine(photos, "train")))
            Directory.Move(name, Path.Combine(photos, Path.GetFileName(name)));
        Directory.Delete(Path.Combine(photos, "train"));
        Directory.Delete(Path.Combine(photos, "val"), recursive: true);
    }
}
