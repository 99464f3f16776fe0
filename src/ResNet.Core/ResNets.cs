using ResNet.Core.Blocks;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>The named networks: one catalogue of the residual networks of torchvision, timm and the papers.</summary>
public static class ResNets
{
    private const int CifarClasses = 10;

    private static readonly Paper s_residual = new(
        "He, Zhang, Ren and Sun: Deep Residual Learning for Image Recognition, 2015",
        new("https://arxiv.org/abs/1512.03385"));
    private static readonly Paper s_identity = new(
        "He, Zhang, Ren and Sun: Identity Mappings in Deep Residual Networks, 2016",
        new("https://arxiv.org/abs/1603.05027"));
    private static readonly Paper s_wide = new(
        "Zagoruyko and Komodakis: Wide Residual Networks, 2016",
        new("https://arxiv.org/abs/1605.07146"));
    private static readonly Paper s_aggregated = new(
        "Xie, Girshick, Dollár, Tu and He: Aggregated Residual Transformations for Deep Neural Networks, 2016",
        new("https://arxiv.org/abs/1611.05431"));
    private static readonly Paper s_tricks = new(
        "He, Zhang, Zhang, Zhang, Xie and Li: Bag of Tricks for Image Classification with Convolutional Neural Networks, 2018",
        new("https://arxiv.org/abs/1812.01187"));

    /// <summary>All named networks: the single definition of their names.</summary>
    public static IReadOnlyList<NamedNetwork> Catalogue { get; } =
    [
        // torchvision/models/resnet.py.
        new("resnet18", s_residual, Basic(2, 2, 2, 2)),
        new("resnet34", s_residual, Basic(3, 4, 6, 3)),
        new("resnet50", s_residual, Bottleneck(3, 4, 6, 3)),
        new("resnet101", s_residual, Bottleneck(3, 4, 23, 3)),
        new("resnet152", s_residual, Bottleneck(3, 8, 36, 3)),
        new("resnext50_32x4d", s_aggregated, Bottleneck(3, 4, 6, 3) with { Groups = 32, WidthPerGroup = 4 }),
        new("resnext101_32x8d", s_aggregated, Bottleneck(3, 4, 23, 3) with { Groups = 32, WidthPerGroup = 8 }),
        new("resnext101_64x4d", s_aggregated, Bottleneck(3, 4, 23, 3) with { Groups = 64, WidthPerGroup = 4 }),
        new("wide_resnet50_2", s_wide, Bottleneck(3, 4, 6, 3) with { WidthPerGroup = 128 }),
        new("wide_resnet101_2", s_wide, Bottleneck(3, 4, 23, 3) with { WidthPerGroup = 128 }),

        // The stride is on the first 1×1 convolution, as in the paper.
        new("resnet50_v1", s_residual, Original(3, 4, 6, 3)),
        new("resnet101_v1", s_residual, Original(3, 4, 23, 3)),
        new("resnet152_v1", s_residual, Original(3, 8, 36, 3)),

        // timm/models/resnet.py.
        new("resnet18d", s_tricks, D(Basic(2, 2, 2, 2))),
        new("resnet34d", s_tricks, D(Basic(3, 4, 6, 3))),
        new("resnet50d", s_tricks, D(Bottleneck(3, 4, 6, 3))),
        new("resnet101d", s_tricks, D(Bottleneck(3, 4, 23, 3))),
        new("resnet152d", s_tricks, D(Bottleneck(3, 8, 36, 3))),

        // The paper's networks for CIFAR-10: 6n + 2 layers.
        new("resnet20", s_residual, Cifar(blocks: 3)),
        new("resnet32", s_residual, Cifar(blocks: 5)),
        new("resnet44", s_residual, Cifar(blocks: 7)),
        new("resnet56", s_residual, Cifar(blocks: 9)),
        new("resnet110", s_residual, Cifar(blocks: 18)),
        new("resnet1202", s_residual, Cifar(blocks: 200)),

        // The paper's networks without shortcuts, for comparison.
        new("plain18", s_residual, Plain(Basic(2, 2, 2, 2))),
        new("plain34", s_residual, Plain(Basic(3, 4, 6, 3))),
        new("plain20", s_residual, Plain(Cifar(blocks: 3))),
        new("plain32", s_residual, Plain(Cifar(blocks: 5))),
        new("plain44", s_residual, Plain(Cifar(blocks: 7))),
        new("plain56", s_residual, Plain(Cifar(blocks: 9))),
        new("plain110", s_residual, Plain(Cifar(blocks: 18))),

        // The networks for CIFAR-10 as in the paper: 110 with option A, 164 with projections and the stride on the first 1×1.
        new("preact_resnet18", s_identity, Basic(2, 2, 2, 2) with { PreActivation = true }),
        new("preact_resnet50", s_identity, Bottleneck(3, 4, 6, 3) with { PreActivation = true }),
        new("preact_resnet110", s_identity, Cifar(blocks: 18) with { PreActivation = true }),
        new("preact_resnet164", s_identity, Cifar(blocks: 18) with
        {
            PreActivation = true, Block = BlockKind.Bottleneck,
            Shortcut = ShortcutKind.Projection, StridePlacement = StridePlacement.Conv1x1,
        }),
    ];

    /// <summary>The names that <see cref="Create(string, int?, int, Device?, long?)"/> accepts, in the order of the catalogue.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Catalogue.Select(row => row.Name)];

    /// <summary>Returns the named network's row of the catalogue.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <exception cref="InvalidOptionException">There is no such network; the message names the nearest.</exception>
    public static NamedNetwork Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Catalogue.FirstOrDefault(row => row.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new InvalidOptionException(
                nameof(ResNets), nameof(name), name, $"the name of a network; the nearest are {string.Join(", ", Nearest(name))}");
    }

    /// <summary>Returns the options of a named network, to start from: <c>ResNets.Options("resnet50") with { Classes = 10 }</c>.</summary>
    /// <inheritdoc cref="Find" path="/param|/exception"/>
    public static ResNetOptions Options(string name) => Find(name).Options;

    /// <summary>Builds the named network with new weights.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <param name="classes">Number of classes, at least 1. Default: null, the number of its dataset: 1000, or 10 for CIFAR.</param>
    /// <param name="inputChannels">Channels of the images, at least 1: 3 for colour, 1 for grey.</param>
    /// <param name="device">The device of the network; the CPU by default.</param>
    /// <param name="seed">
    /// The seed of the weights: the same seed gives the same bits, and torch's own generator of random numbers stays as it is. Default:
    /// null, the weights come from torch's generator.
    /// </param>
    /// <exception cref="InvalidOptionException">There is no such network, or another value is out of its range.</exception>
    public static ResNetModel Create(
        string name, int? classes = null, int inputChannels = 3, Device? device = null, long? seed = null) =>
        Seeded.Create(seed, () => Create(name, options => options with
        {
            Classes = classes ?? options.Classes,
            InputChannels = inputChannels,
            Device = device ?? CPU,
        }));

    /// <summary>Builds the named network with changed options: <c>options => options with { OutputStride = 8 }</c>.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <param name="configure">Gets the named network's options and returns the options to build.</param>
    /// <exception cref="InvalidOptionException">There is no such network, or options are out of range or do not fit together.</exception>
    public static ResNetModel Create(string name, Func<ResNetOptions, ResNetOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return new ResNetModel(configure(Options(name)));
    }

    /// <summary>Builds the named network with its latest published weights, or with new weights.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <param name="pretrained">
    /// Whether to load the weights of <see cref="PretrainedWeights.Find"/>; they are downloaded if the cache lacks them.
    /// </param>
    /// <param name="classes">
    /// Number of classes, at least 1; null for the number of its dataset. Numbers other than 1,000 give a new classifier.
    /// </param>
    /// <param name="device">The device of the network; the CPU by default.</param>
    /// <param name="seed">The seed of new weights, those of a new classifier among them; null for torch's own generator.</param>
    /// <exception cref="InvalidOptionException">
    /// There is no such network, it has no published weights, or another value is out of its range.
    /// </exception>
    /// <exception cref="WeightsDownloadException">The weights cannot be downloaded.</exception>
    /// <exception cref="WeightsFileException">The file in the cache is not the published one.</exception>
    public static ResNetModel Create(string name, bool pretrained, int? classes = null, Device? device = null, long? seed = null) =>
        Seeded.Create(
            seed, () => pretrained ? Create(PretrainedWeights.Find(name), classes, device) : Create(name, classes, device: device));

    /// <summary>Builds a network with published weights, which are downloaded if the cache lacks them.</summary>
    /// <param name="weights">A row of <see cref="PretrainedWeights.Catalogue"/>.</param>
    /// <param name="classes">Number of classes, at least 1; null for the weights' number. Another number gives a new classifier.</param>
    /// <param name="device">The device of the network; the CPU by default.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops a download; the bytes received so far stay.</param>
    /// <inheritdoc cref="Create(string, bool, int?, Device?, long?)" path="/exception"/>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ResNetModel Create(
        PretrainedWeights weights, int? classes = null, Device? device = null,
        IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(weights);
        // Other invalid values are refused before anything is downloaded.
        var network = Create(weights.Network, classes, device: device);
        try
        {
            string path = weights.DownloadAsync(progress, cancellationToken).GetAwaiter().GetResult();
            network.LoadWeights(path, newClassifier: network.Options.Classes != weights.Classes.Count);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Builds ResNet-18: 11.7 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int?, int, Device?, long?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet18(int? classes = null, int inputChannels = 3, Device? device = null) =>
        Create("resnet18", classes, inputChannels, device);

    /// <summary>Builds ResNet-34: 21.8 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int?, int, Device?, long?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet34(int? classes = null, int inputChannels = 3, Device? device = null) =>
        Create("resnet34", classes, inputChannels, device);

    /// <summary>Builds ResNet-50: 25.6 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int?, int, Device?, long?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet50(int? classes = null, int inputChannels = 3, Device? device = null) =>
        Create("resnet50", classes, inputChannels, device);

    /// <summary>Builds ResNet-101: 44.5 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int?, int, Device?, long?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet101(int? classes = null, int inputChannels = 3, Device? device = null) =>
        Create("resnet101", classes, inputChannels, device);

    /// <summary>Builds ResNet-152: 60.2 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int?, int, Device?, long?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet152(int? classes = null, int inputChannels = 3, Device? device = null) =>
        Create("resnet152", classes, inputChannels, device);

    private static ResNetOptions Basic(params int[] depths) => new() { Block = BlockKind.Basic, StageDepths = depths };

    private static ResNetOptions Bottleneck(params int[] depths) => new() { Block = BlockKind.Bottleneck, StageDepths = depths };

    private static ResNetOptions Original(params int[] depths) => Bottleneck(depths) with { StridePlacement = StridePlacement.Conv1x1 };

    private static ResNetOptions D(ResNetOptions options) => options with
    {
        Stem = StemKind.Deep,
        Shortcut = ShortcutKind.AveragePooledProjection,
    };

    private static ResNetOptions Plain(ResNetOptions options) => options with { Shortcut = ShortcutKind.None };

    private static ResNetOptions Cifar(int blocks) => new()
    {
        Stem = StemKind.Cifar, StageDepths = [blocks, blocks, blocks], StageWidths = [16, 32, 64],
        Shortcut = ShortcutKind.ZeroPadding, Classes = CifarClasses,
    };

    private static IEnumerable<string> Nearest(string name) =>
        Names.OrderBy(known => EditDistance(known, name.ToLowerInvariant())).Take(3);

    private static int EditDistance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = current;
        }
        return previous[^1];
    }
}
