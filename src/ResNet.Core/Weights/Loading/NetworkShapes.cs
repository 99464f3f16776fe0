using ResNet.Core.Blocks;

namespace ResNet.Core.Weights.Loading;

/// <summary>The names and shapes of a network's tensors, without the network itself: 35 of them would take seconds and gigabytes.</summary>
internal sealed class NetworkShapes
{
    private readonly Dictionary<string, long[]> _shapes = [];
    private readonly ResNetOptions _options;

    private NetworkShapes(ResNetOptions options) => _options = options;

    /// <summary>Returns the shapes by name, as in <see cref="ResNetModel.state_dict"/>.</summary>
    /// <param name="options">The options of a network with batch norms and without an output stride: any of the catalogue.</param>
    internal static Dictionary<string, long[]> Of(ResNetOptions options)
    {
        var network = new NetworkShapes(options);
        network.AddStem(options.StageWidths[0]);
        int channels = network.AddStages(options.StageWidths[0]);
        if (options.PreActivation) network.AddNorm("norm", channels);
        network._shapes.Add("fc.weight", [options.Classes, channels]);
        network._shapes.Add("fc.bias", [options.Classes]);
        return network._shapes;
    }

    private void AddStem(int width)
    {
        switch (_options.Stem)
        {
            case StemKind.Deep:
                int half = width / 2;
                AddConvolution("conv1.0", _options.InputChannels, half, 3);
                AddNorm("conv1.1", half);
                AddConvolution("conv1.3", half, half, 3);
                AddNorm("conv1.4", half);
                AddConvolution("conv1.6", half, width, 3);
                break;
            default:
                AddConvolution("conv1", _options.InputChannels, width, _options.Stem == StemKind.Cifar ? 3 : 7);
                break;
        }
        AddNorm("bn1", width);
    }

    private int AddStages(int channels)
    {
        for (int stage = 0; stage < _options.StageDepths.Count; stage++)
        {
            for (int number = 0; number < _options.StageDepths[stage]; number++)
            {
                bool isFirst = stage == 0 && number == 0;
                AddBlock($"layer{stage + 1}.{number}.", channels, _options.StageWidths[stage], isFirst, stage > 0 && number == 0);
                channels = _options.StageWidths[stage] * _options.Expansion;
            }
        }
        return channels;
    }

    private void AddBlock(string name, int input, int width, bool isFirst, bool isStrided)
    {
        int output = width * _options.Expansion;
        AddShortcut(name + "downsample.", input, output, isStrided);
        var block = new BlockOptions(input, width) { Groups = _options.Groups, WidthPerGroup = _options.WidthPerGroup };
        int inner = block.BottleneckWidth;
        (int Input, int Output, int Size, int Groups)[] convolutions = _options.Block == BlockKind.Basic
            ? [(input, width, 3, 1), (width, width, 3, 1)]
            : [(input, inner, 1, 1), (inner, inner, 3, _options.Groups), (inner, output, 1, 1)];
        for (int i = 0; i < convolutions.Length; i++)
        {
            var convolution = convolutions[i];
            AddConvolution($"{name}conv{i + 1}", convolution.Input / convolution.Groups, convolution.Output, convolution.Size);
            // The norm before the first convolution of a pre-activation network is that of the stem.
            if (!_options.PreActivation || i > 0 || !isFirst)
                AddNorm($"{name}bn{i + 1}", _options.PreActivation ? convolution.Input : convolution.Output);
        }
    }

    private void AddShortcut(string name, int input, int output, bool isStrided)
    {
        bool isSame = input == output && !isStrided && _options.Shortcut != ShortcutKind.ProjectionEverywhere;
        if (isSame || _options.Shortcut is ShortcutKind.None or ShortcutKind.ZeroPadding) return;
        int first = _options.Shortcut == ShortcutKind.AveragePooledProjection ? 1 : 0;
        AddConvolution($"{name}{first}", input, output, 1);
        if (!_options.PreActivation) AddNorm($"{name}{first + 1}", output);
    }

    private void AddConvolution(string name, int input, int output, int size) =>
        _shapes.Add($"{name}.weight", [output, input, size, size]);

    private void AddNorm(string name, int channels)
    {
        foreach (string part in new[] { "weight", "bias", "running_mean", "running_var" }) _shapes.Add($"{name}.{part}", [channels]);
        _shapes.Add($"{name}.num_batches_tracked", []);
    }
}
