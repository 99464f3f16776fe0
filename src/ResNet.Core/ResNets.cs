using ResNet.Core.Blocks;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>The named networks of He et al. 2015, https://arxiv.org/abs/1512.03385, table 1, in torchvision's variant.</summary>
public static class ResNets
{
    // The one place that says what a name means.
    private static readonly (string Name, ResNetOptions Options)[] s_catalogue =
    [
        ("resnet18", new() { Block = BlockKind.Basic, StageDepths = [2, 2, 2, 2] }),
        ("resnet34", new() { Block = BlockKind.Basic, StageDepths = [3, 4, 6, 3] }),
        ("resnet50", new() { Block = BlockKind.Bottleneck, StageDepths = [3, 4, 6, 3] }),
        ("resnet101", new() { Block = BlockKind.Bottleneck, StageDepths = [3, 4, 23, 3] }),
        ("resnet152", new() { Block = BlockKind.Bottleneck, StageDepths = [3, 8, 36, 3] }),
    ];

    /// <summary>The names that <see cref="Create(string, int, int, Device?)"/> knows, small networks first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_catalogue.Select(row => row.Name)];

    /// <summary>What the named network consists of, to start from: <c>ResNets.Options("resnet50") with { Classes = 10 }</c>.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <exception cref="ArgumentException">There is no such network; the message names the nearest.</exception>
    public static ResNetOptions Options(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        foreach (var row in s_catalogue)
        {
            if (row.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) return row.Options;
        }
        throw new ArgumentException($"There is no network '{name}'; the nearest names are {string.Join(", ", Nearest(name))}.", nameof(name));
    }

    /// <summary>Builds the named network with new weights.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <param name="classes">Classes to tell apart, at least 1.</param>
    /// <param name="inputChannels">Channels of the images, at least 1: 3 for colour, 1 for grey.</param>
    /// <param name="device">Where to put it; the CPU by default.</param>
    /// <exception cref="ArgumentException">There is no such network, or another value is out of its range.</exception>
    public static ResNetModel Create(string name, int classes = ResNetOptions.ImageNetClasses, int inputChannels = 3, Device? device = null) =>
        Create(name, options => options with { Classes = classes, InputChannels = inputChannels, Device = device ?? CPU });

    /// <summary>Builds the named network with some of its options changed.</summary>
    /// <param name="name">One of <see cref="Names"/>, in upper or lower case.</param>
    /// <param name="configure">Gets the named network's options and returns those to build.</param>
    /// <exception cref="ArgumentException">There is no such network, or an option is out of its range.</exception>
    public static ResNetModel Create(string name, Func<ResNetOptions, ResNetOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return new ResNetModel(configure(Options(name)));
    }

    /// <summary>ResNet-18: 11.7 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int, int, Device?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet18(int classes = ResNetOptions.ImageNetClasses, int inputChannels = 3, Device? device = null) =>
        Create("resnet18", classes, inputChannels, device);

    /// <summary>ResNet-34: 21.8 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int, int, Device?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet34(int classes = ResNetOptions.ImageNetClasses, int inputChannels = 3, Device? device = null) =>
        Create("resnet34", classes, inputChannels, device);

    /// <summary>ResNet-50: 25.6 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int, int, Device?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet50(int classes = ResNetOptions.ImageNetClasses, int inputChannels = 3, Device? device = null) =>
        Create("resnet50", classes, inputChannels, device);

    /// <summary>ResNet-101: 44.5 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int, int, Device?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet101(int classes = ResNetOptions.ImageNetClasses, int inputChannels = 3, Device? device = null) =>
        Create("resnet101", classes, inputChannels, device);

    /// <summary>ResNet-152: 60.2 million parameters at 1,000 classes.</summary>
    /// <inheritdoc cref="Create(string, int, int, Device?)" path="/param[position()>1]|/exception"/>
    public static ResNetModel ResNet152(int classes = ResNetOptions.ImageNetClasses, int inputChannels = 3, Device? device = null) =>
        Create("resnet152", classes, inputChannels, device);

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
