using System.Buffers.Binary;
using System.Security.Cryptography;
using ResNet.Imaging;
using ResNet.Training.Data.Similarity;

namespace ResNet.Training.Data.Folders;

/// <summary>A check of all images of some folders.</summary>
internal sealed class ImageVerification
{
    private const int Channels = 3;
    private const int Reports = 200;

    private readonly (ImageFolder Folder, ImageSample Sample)[] _images;
    private readonly Finding[] _findings;
    private readonly VerificationOptions _options;
    private readonly IProgress<DatasetProgress>? _progress;
    private int _done;

    internal ImageVerification(IReadOnlyList<ImageFolder> folders, VerificationOptions options, IProgress<DatasetProgress>? progress)
    {
        _images = [.. folders.SelectMany(folder => folder.Samples.Select(sample => (folder, sample)))];
        _findings = new Finding[_images.Length];
        (_options, _progress) = (options, progress);
    }

    internal VerificationReport Run(CancellationToken cancellationToken)
    {
        Workers.For(_images.Length, _options.Workers, Check, cancellationToken);
        var repeated = Repeated();
        return new VerificationReport
        {
            Images = _images.Length,
            Broken =
            [
                .. Where(finding => finding.Reason is not null)
                    .Select(i => new BrokenImage(_images[i].Sample.Path, _findings[i].Reason!)),
            ],
            TooSmall =
            [
                .. Where(finding => finding.Reason is null && Math.Min(finding.Pixels.Width, finding.Pixels.Height) < _options.MinimumSize)
                    .Select(i => new SmallImage(_images[i].Sample.Path, _findings[i].Pixels.Width, _findings[i].Pixels.Height)),
            ],
            InSeveralClasses = [.. repeated.Where(image => image.Classes.Count > 1)],
            InOneClass = [.. repeated.Where(image => image.Classes.Count == 1)],
            Similar = [.. Similar(cancellationToken).OrderByDescending(image => image.Roots.Count > 1)
                .ThenByDescending(image => image.Classes.Count > 1)],
        };
    }

    private void Check(int index)
    {
        try
        {
            using var image = ImageDecoder.Open(_images[index].Sample.Path, Channels);
            _findings[index] = new Finding(null, Identify(image), Thumbnail.Of(image));
        }
        catch (ImageDecodingException failure)
        {
            _findings[index] = new Finding(failure.Reason, default, null);
        }
        var done = Interlocked.Increment(ref _done);
        if (done == _images.Length || done % Math.Max(1, _images.Length / Reports) == 0)
            _progress?.Report(new DatasetProgress("Checking images", done, _images.Length));
    }

    private static Identity Identify(DecodedImage image)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(image.Rows(0, image.Height), hash);
        return new Identity(image.Width, image.Height, BinaryPrimitives.ReadUInt128LittleEndian(hash));
    }

    private List<RepeatedImage> Repeated() =>
    [
        .. Where(finding => finding.Reason is null)
            .GroupBy(i => _findings[i].Pixels)
            .Where(same => same.Count() > 1)
            .Select(same => new RepeatedImage(
                [.. same.Select(i => _images[i].Sample.Path)],
                [.. same.Select(i => _images[i].Folder.Classes[_images[i].Sample.Label]).Distinct()],
                [.. same.Select(i => _images[i].Folder.Root).Distinct()])),
    ];

    private IEnumerable<SimilarImages> Similar(CancellationToken cancellationToken)
    {
        // Of files with the same pixels, which are reported as such, one is compared.
        int[][] same =
            [.. Where(finding => finding.Thumbnail is not null).GroupBy(i => _findings[i].Pixels).Select(group => group.ToArray())];
        Thumbnail[] images = [.. same.Select(files => _findings[files[0]].Thumbnail!)];
        foreach (int[] group in SimilaritySearch.Group(images, _options.Workers, cancellationToken))
        {
            int[] files = [.. group.SelectMany(i => same[i]).Order()];
            int[] first = [.. files.DistinctBy(i => (_images[i].Folder, _images[i].Sample.Label))];
            yield return new SimilarImages(
                [.. first.Union(files).Select(i => _images[i].Sample.Path)],
                [.. files.Select(i => _images[i].Folder.Classes[_images[i].Sample.Label]).Distinct()],
                [.. files.Select(i => _images[i].Folder.Root).Distinct()]);
        }
    }

    private IEnumerable<int> Where(Func<Finding, bool> holds) => Enumerable.Range(0, _findings.Length).Where(i => holds(_findings[i]));

    /// <summary>The size and hash of an image; two images collide with a probability of 2⁻¹²⁸.</summary>
    private readonly record struct Identity(int Width, int Height, UInt128 Hash);

    private readonly record struct Finding(string? Reason, Identity Pixels, Thumbnail? Thumbnail);
}
