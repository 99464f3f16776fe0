using ResNet.Training.Data;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Packing;
using ResNet.Training.Data.Transforms;

namespace Imagenette;

/// <summary>Labelled images in a folder or in a pack, which stays open until the process ends.</summary>
/// <param name="Root">The folder or the file.</param>
/// <param name="Classes">The names of the classes.</param>
/// <param name="Count">How many images there are.</param>
/// <param name="ShorterSide">What the first image's shorter side has, in pixels.</param>
/// <param name="Load">Makes a loader of them.</param>
internal sealed record ImageSet(
    string Root, IReadOnlyList<string> Classes, int Count, Func<int> ShorterSide, Func<Compose, ImageLoaderOptions, ImageLoader> Load)
{
    internal static ImageSet Of(ImageFolder folder) => new(
        folder.Root, folder.Classes, folder.Count, () => ShorterSideOf(folder.Samples[0].Path), (transforms, options) => new ImageLoader(folder.Samples, transforms, options));

    internal static ImageSet Of(ImagePack pack) => new(
        pack.Path, pack.Classes, pack.Images, () => Math.Min(pack.Size(0).Width, pack.Size(0).Height), (transforms, options) => new ImageLoader(pack, transforms, options));

    private static int ShorterSideOf(string path)
    {
        using var image = ImageDecoder.Open(path, channels: 3);
        return Math.Min(image.Width, image.Height);
    }
}
