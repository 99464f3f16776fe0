using System.Security.Cryptography;
using ResNet.Imaging;

namespace ResNet.Core.Weights.Published;

/// <summary>Published weights of a named network, trained on ImageNet-1K by torchvision: a row of <see cref="Catalogue"/>.</summary>
public sealed record PretrainedWeights
{
    private const string Publisher = "https://download.pytorch.org/models/";
    private const string V1 = "IMAGENET1K_V1";
    private const string V2 = "IMAGENET1K_V2";

    private static readonly float[] s_mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] s_deviation = [0.229f, 0.224f, 0.225f];
    private static readonly Preprocessing s_from256 = new(ResizeTo: 256, CropSize: 224, ImageInterpolation.Bilinear, s_mean, s_deviation);
    private static readonly Preprocessing s_from232 = s_from256 with { ResizeTo = 232 };

    internal PretrainedWeights(string name, string fileName, double top1, double top5, Preprocessing preprocessing)
    {
        (Name, FileName, Top1, Top5, Preprocessing) = (name, fileName, top1, top5, preprocessing);
        string[] parts = System.IO.Path.GetFileNameWithoutExtension(fileName).Split('-');
        (Network, HashPrefix) = (parts[0], parts[1]);
    }

    /// <summary>All published weights; the older weights of each network come first.</summary>
    public static IReadOnlyList<PretrainedWeights> Catalogue { get; } =
    [
        // torchvision/models/resnet.py: url, acc@1, acc@5 and transforms.
        new(V1, "resnet18-f37072fd.pth", 69.758, 89.078, s_from256),
        new(V1, "resnet34-b627a593.pth", 73.314, 91.420, s_from256),
        new(V1, "resnet50-0676ba61.pth", 76.130, 92.862, s_from256),
        new(V2, "resnet50-11ad3fa6.pth", 80.858, 95.434, s_from232),
        new(V1, "resnet101-63fe2227.pth", 77.374, 93.546, s_from256),
        new(V2, "resnet101-cd907fc2.pth", 81.886, 95.780, s_from232),
        new(V1, "resnet152-394f9c45.pth", 78.312, 94.046, s_from256),
        new(V2, "resnet152-f82ba261.pth", 82.284, 96.002, s_from232),
        new(V1, "resnext50_32x4d-7cdf4587.pth", 77.618, 93.698, s_from256),
        new(V2, "resnext50_32x4d-1a0047aa.pth", 81.198, 95.340, s_from232),
        new(V1, "resnext101_32x8d-8ba56ff5.pth", 79.312, 94.526, s_from256),
        new(V2, "resnext101_32x8d-110c445d.pth", 82.834, 96.228, s_from232),
        new(V1, "resnext101_64x4d-173b62eb.pth", 83.246, 96.454, s_from232),
        new(V1, "wide_resnet50_2-95faca4d.pth", 78.468, 94.086, s_from256),
        new(V2, "wide_resnet50_2-9ba9bcbe.pth", 81.602, 95.758, s_from232),
        new(V1, "wide_resnet101_2-32ee1156.pth", 78.848, 94.284, s_from256),
        new(V2, "wide_resnet101_2-d733dc28.pth", 82.510, 96.020, s_from232),
    ];

    /// <summary>The network of the weights, by its name in <see cref="ResNets.Catalogue"/>.</summary>
    public string Network { get; }

    /// <summary>torchvision's name for them: <c>IMAGENET1K_V1</c> or, from its newer training recipe, <c>IMAGENET1K_V2</c>.</summary>
    public string Name { get; }

    /// <summary>The published file's name, also in the cache.</summary>
    public string FileName { get; }

    /// <summary>The beginning of the file's SHA-256: the eight hexadecimal digits at the end of its name.</summary>
    public string HashPrefix { get; }

    /// <summary>Top-1 accuracy on ImageNet's validation images, in percent, as torchvision publishes it.</summary>
    public double Top1 { get; }

    /// <summary>Top-5 accuracy on ImageNet's validation images, in percent, as torchvision publishes it.</summary>
    public double Top5 { get; }

    /// <summary>The preprocessing of images for the network.</summary>
    public Preprocessing Preprocessing { get; }

    /// <summary>The names of the 1,000 classes, in the order of the network's outputs.</summary>
    public IReadOnlyList<string> Classes { get; } = ImageNetClasses.Names;

    /// <summary>The address of the published file.</summary>
    public Uri Address => new(Publisher + FileName);

    /// <summary>The path of the downloaded file, in <see cref="WeightsCache.Folder"/>.</summary>
    public string Path => System.IO.Path.Join(WeightsCache.Folder, FileName);

    /// <summary>Returns the published weights of a network.</summary>
    /// <param name="network">The network's name in <see cref="ResNets.Catalogue"/>, in upper or lower case.</param>
    /// <param name="name">
    /// <c>IMAGENET1K_V1</c> or <c>IMAGENET1K_V2</c>, in upper or lower case. Default: null, the latest and most accurate weights: V2
    /// if they exist.
    /// </param>
    /// <exception cref="InvalidOptionException">There is no such network, or it has no published weights, or none of that name.</exception>
    public static PretrainedWeights Find(string network, string? name = null)
    {
        string known = ResNets.Find(network).Name;
        var rows = Catalogue.Where(row => row.Network == known).ToList();
        if (rows.Count == 0)
        {
            string others = string.Join(", ", Catalogue.Select(row => row.Network).Distinct());
            throw new InvalidOptionException(
                nameof(PretrainedWeights), nameof(network), known, $"a network with published weights, one of {others}");
        }
        return rows.LastOrDefault(row => name is null || row.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new InvalidOptionException(
                nameof(PretrainedWeights), nameof(name), name, $"{string.Join(" or ", rows.Select(row => row.Name))} for {known}");
    }

    /// <summary>
    /// Downloads the file to <see cref="Path"/> if it is not there, and checks its SHA-256 in either case. An interrupted download keeps
    /// its bytes beside the file as <c>.partial</c>, and the next call resumes it.
    /// </summary>
    /// <param name="progress">Receives progress reports; none if there is nothing to download.</param>
    /// <param name="cancellationToken">Stops the download; the bytes received so far stay.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="WeightsDownloadException">The file cannot be downloaded or written; the message says what to do.</exception>
    /// <exception cref="WeightsFileException">The existing file is not the published one.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<string> DownloadAsync(IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var download = new FileDownload(Address, Path, HashAlgorithmName.SHA256, HashPrefix)
        {
            MirrorVariable = WeightsCache.MirrorVariable,
            FolderVariable = WeightsCache.HomeVariable,
        };
        try
        {
            return await download.RunAsync(progress, cancellationToken).ConfigureAwait(false);
        }
        catch (FileDownloadException failure) when (failure.HashFound is { } hash)
        {
            throw new WeightsFileException(
                Path,
                $"is not the published one: its SHA-256 is {hash}, but should begin with {HashPrefix}; "
                + "delete it, and it will be downloaded again", failure);
        }
        catch (FileDownloadException failure)
        {
            throw new WeightsDownloadException(failure.Message, failure.InnerException);
        }
    }
}
