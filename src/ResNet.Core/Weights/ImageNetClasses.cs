namespace ResNet.Core.Weights;

/// <summary>The classes of the 1,000 outputs of a network for ImageNet.</summary>
internal static class ImageNetClasses
{
    private const string Resource = "imagenet-classes.txt";

    /// <summary>The names in the order of the outputs, as in torchvision's <c>meta["categories"]</c>; read at the first use.</summary>
    internal static IReadOnlyList<string> Names { get; } = Read();

    private static IReadOnlyList<string> Read()
    {
        using var stream = typeof(ImageNetClasses).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
