namespace ResNet.Training.Data.Known;

/// <summary>A published data set that is available as an image folder: a row of <see cref="Catalogue"/>.</summary>
public sealed record KnownDataset
{
    private const string FastAi = "https://s3.amazonaws.com/fast-ai-imageclas/";

    private static readonly DatasetClass[] s_imagenetteClasses =
    [
        new("n01440764", "tench"), new("n02102040", "English springer"), new("n02979186", "cassette player"), new("n03000684", "chain saw"),
        new("n03028079", "church"), new("n03394916", "French horn"), new("n03417042", "garbage truck"), new("n03425413", "gas pump"),
        new("n03445777", "golf ball"), new("n03888257", "parachute"),
    ];

    private static readonly DatasetClass[] s_imagewoofClasses =
    [
        new("n02086240", "Shih-Tzu"), new("n02087394", "Rhodesian ridgeback"), new("n02088364", "beagle"),
        new("n02089973", "English foxhound"),
        new("n02093754", "Border terrier"), new("n02096294", "Australian terrier"), new("n02099601", "golden retriever"),
        new("n02105641", "Old English sheepdog"), new("n02111889", "Samoyed"), new("n02115641", "dingo"),
    ];

    private readonly Func<DatasetWorkplace, Task> _fill;

    internal KnownDataset(
        string name,
        string title,
        IReadOnlyList<DatasetClass> classes,
        IReadOnlyList<DatasetFile> files,
        Func<DatasetWorkplace, Task> fill) =>
        (Name, Title, Classes, Files, _fill) = (name, title, classes, files, fill);

    /// <summary>All known data sets.</summary>
    public static IReadOnlyList<KnownDataset> Catalogue { get; } =
    [
        // Addresses and sums: https://github.com/zalandoresearch/fashion-mnist.
        new("fashion-mnist", "Fashion-MNIST", FashionMnist.Classes, FashionMnist.Files, FashionMnist.FillAsync)
        {
            Website = new("https://github.com/zalandoresearch/fashion-mnist"),
            EvaluationFolder = "test",
            TrainingImages = 60_000,
            EvaluationImages = 10_000,
        },
        // Address and sum: https://www.cs.toronto.edu/~kriz/cifar.html.
        new("cifar10", "CIFAR-10", Cifar10.Classes, Cifar10.Files, Cifar10.FillAsync)
        {
            Website = new("https://www.cs.toronto.edu/~kriz/cifar.html"),
            EvaluationFolder = "test",
            TrainingImages = 50_000,
            EvaluationImages = 10_000,
        },
        // Addresses: https://github.com/fastai/imagenette. Sums: torchvision/datasets/imagenette.py.
        Imagenette("imagenette2", "Imagenette", "fe2fc210e6bb7c5664d602c3cd71e612"),
        Imagenette("imagenette2-320", "Imagenette, shorter side 320 pixels", "3df6f0d01a2c9592104656642f5e78a3"),
        Imagenette("imagenette2-160", "Imagenette, shorter side 160 pixels", "e793b78cc4c9e9a4ccc0c1155377a412"),
        // Sums: catalyst/contrib/datasets/imagewoof.py of
        // https://github.com/catalyst-team/catalyst; its sums of Imagenette are torchvision's.
        Imagewoof("imagewoof2", "Imagewoof", "9aafe18bcdb1632c4249a76c458465ba"),
        Imagewoof("imagewoof2-320", "Imagewoof, shorter side 320 pixels", "0f46d997ec2264e97609196c95897a44"),
        Imagewoof("imagewoof2-160", "Imagewoof, shorter side 160 pixels", "3d200a7be99704a0d7509be2a9fbfe15"),
    ];

    /// <summary>The name for <see cref="Find"/>, which is also the name of its folder in the cache: <c>imagenette2-160</c>.</summary>
    public string Name { get; }

    /// <summary>Its title: <c>Imagenette, shorter side 160 pixels</c>.</summary>
    public string Title { get; }

    /// <summary>The page that describes it.</summary>
    public required Uri Website { get; init; }

    /// <summary>The classes in the order of their labels.</summary>
    public IReadOnlyList<DatasetClass> Classes { get; }

    /// <summary>Images in <c>train/</c>, as published.</summary>
    public required int TrainingImages { get; init; }

    /// <summary>Images in <see cref="EvaluationFolder"/>, as published.</summary>
    public required int EvaluationImages { get; init; }

    /// <summary>The folder of the evaluation images: <c>val</c> or <c>test</c>.</summary>
    public required string EvaluationFolder { get; init; }

    /// <summary>The published source files.</summary>
    public IReadOnlyList<DatasetFile> Files { get; }

    /// <summary>Finds a data set by its name, in upper or lower case.</summary>
    /// <exception cref="InvalidOptionException">There is no data set of this name.</exception>
    public static KnownDataset Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Catalogue.FirstOrDefault(row => row.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new InvalidOptionException(
                nameof(KnownDataset), nameof(name), name, $"one of {string.Join(", ", Catalogue.Select(row => row.Name))}");
    }

    /// <summary>Prepares the data set as an image folder, and returns at once if it is prepared already.</summary>
    /// <remarks>
    /// The files are downloaded, checked and unpacked in a folder beside the final one, with <c>.partial</c> after its name. It gets its
    /// final name when it is complete: an interrupted call leaves no folder that looks like the data set. The next call resumes the
    /// downloads. If several processes need the same data set, one makes it and the others wait.
    /// </remarks>
    /// <param name="cacheFolder">The folder to keep it in, <see cref="DatasetCache.Folder"/> by default.</param>
    /// <param name="progress">Receives progress reports, from several threads.</param>
    /// <param name="cancellationToken">Stops the preparation; downloads are kept, unpacked files are not.</param>
    /// <returns>The folder, with <c>train/CLASS/…</c> and <c>val/CLASS/…</c> or <c>test/CLASS/…</c>.</returns>
    /// <exception cref="DatasetException">
    /// A file cannot be downloaded, is damaged or not the published one, or the folder cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">The preparation was stopped.</exception>
    public Task<string> PrepareAsync(
        string? cacheFolder = null, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default) =>
        DatasetWorkplace.PrepareAsync(this, cacheFolder ?? DatasetCache.Folder, _fill, progress, cancellationToken);

    private static KnownDataset Imagenette(string name, string title, string md5) =>
        Photographs(name, title, s_imagenetteClasses, md5, 9_469, 3_925);

    private static KnownDataset Imagewoof(string name, string title, string md5) =>
        Photographs(name, title, s_imagewoofClasses, md5, 9_025, 3_929);

    private static KnownDataset Photographs(string name, string title, DatasetClass[] classes, string md5, int training, int evaluation) =>
        new(name, title, classes, [new(new($"{FastAi}{name}.tgz"), md5)], ImageArchive.FillAsync)
        {
            Website = new("https://github.com/fastai/imagenette"),
            EvaluationFolder = "val",
            TrainingImages = training,
            EvaluationImages = evaluation,
        };
}
