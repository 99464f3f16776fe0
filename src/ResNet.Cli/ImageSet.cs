using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace ResNet.Cli;

/// <summary>Labelled images in a folder or in a pack, which stays open until the process ends.</summary>
/// <param name="Root">The folder or the pack's file.</param>
/// <param name="Classes">The names of the classes.</param>
/// <param name="Count">The number of images.</param>
/// <param name="IsPacked">Whether they come from a pack.</param>
/// <param name="ShorterSide">The length in pixels of the shorter side of the first readable image.</param>
/// <param name="Source">The images.</param>
internal sealed record ImageSet(
    string Root, IReadOnlyList<string> Classes, int Count, bool IsPacked, Func<int> ShorterSide, IImageSource Source)
{
    // A folder of broken images is reported soon, even if it has many images.
    private const int LookedAtMost = 100;

    internal static ImageSet Of(ImageFolder folder) => new(
        folder.Root, folder.Classes, folder.Count, IsPacked: false, () => ShorterSideOf(folder), folder);

    internal static ImageSet Of(ImagePack pack) => new(
        pack.Path, pack.Classes, pack.Images, IsPacked: true, () => Math.Min(pack.Size(0).Width, pack.Size(0).Height), pack);

    private static int ShorterSideOf(ImageFolder folder)
    {
        ImageDecodingException? first = null;
        foreach (var sample in folder.Samples.Take(LookedAtMost))
        {
            try
            {
                using var image = ImageDecoder.Open(sample.Path, channels: 3);
                return Math.Min(image.Width, image.Height);
            }
            catch (ImageDecodingException unreadable)
            {
                first ??= unreadable;
            }
        }
        throw first!;
    }
}
