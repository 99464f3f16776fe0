using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace ResNet.Cli;

/// <summary>Labelled images in a folder or in a pack, which stays open until the process ends.</summary>
/// <param name="Root">The folder or the pack's file.</param>
/// <param name="Classes">The names of the classes.</param>
/// <param name="Count">The number of images.</param>
/// <param name="Source">The images.</param>
internal sealed record ImageSet(string Root, IReadOnlyList<string> Classes, int Count, IImageSource Source)
{
    // Enough for a median, and soon read.
    private const int MeasuredAtMost = 500;

    internal ImageFolder? Folder => Source as ImageFolder;

    internal ImagePack? Pack => Source as ImagePack;

    internal static ImageSet Of(ImageFolder folder) => new(folder.Root, folder.Classes, folder.Count, folder);

    internal static ImageSet Of(ImagePack pack) => new(pack.Path, pack.Classes, pack.Images, pack);

    /// <summary>
    /// Computes the median length in pixels of the images' shorter sides, of up to 500 images that are evenly spread over all of them.
    /// </summary>
    /// <exception cref="ImageDecodingException">None of them can be read.</exception>
    internal int MedianShorterSide()
    {
        int measured = Math.Min(Count, MeasuredAtMost);
        var sides = new List<int>(measured);
        ImageDecodingException? first = null;
        using var reader = Source.OpenReader(Pack?.Channels ?? 3);
        for (int i = 0; i < measured; i++)
        {
            try
            {
                var image = reader.Open((int)((long)i * Count / measured));
                sides.Add(Math.Min(image.Width, image.Height));
            }
            catch (ImageDecodingException unreadable)
            {
                first ??= unreadable;
            }
        }
        if (sides.Count == 0) throw first!;
        sides.Sort();
        return sides[sides.Count / 2];
    }
}
