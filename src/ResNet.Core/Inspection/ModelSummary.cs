using System.Globalization;
using System.Text;
using ResNet.Core.Blocks;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Inspection;

/// <summary>
/// The layers of a network with their shapes and costs for one size of input, as data and, through <see cref="ToString()"/>, as
/// a table. Additions and ReLUs work in place and identities do nothing, so they are not listed. A custom norm is listed as a
/// single layer, whatever it consists of.
/// </summary>
public sealed class ModelSummary
{
    private const string Gap = "  ";
    private const int NumbersFrom = 4;

    private static readonly string[] s_headings = ["Layer", "Type", "Input", "Output", "Parameters", "Multiply-adds", "Activations"];

    // Input, type, activations, output, multiply-adds.
    private static readonly int[] s_leastNeeded = [2, 1, 6, 3, 5];

    private ModelSummary(
        IReadOnlyList<long> inputShape, IReadOnlyList<LayerSummary> layers, long parameters, long trainable, long parameterBytes) =>
        (InputShape, Layers, Parameters, TrainableParameters, ParameterBytes) = (inputShape, layers, parameters, trainable, parameterBytes);

    /// <summary>The input's shape, <c>[N, C, H, W]</c>.</summary>
    public IReadOnlyList<long> InputShape { get; }

    /// <summary>The layers in the order in which they compute.</summary>
    public IReadOnlyList<LayerSummary> Layers { get; }

    /// <summary>The number of the network's parameters.</summary>
    public long Parameters { get; }

    /// <summary>The number of trainable parameters: all, unless some are frozen.</summary>
    public long TrainableParameters { get; }

    /// <summary>Memory of the parameters.</summary>
    public long ParameterBytes { get; }

    /// <summary>Multiply-add operations, for all images of the input together.</summary>
    public long MultiplyAdds => Layers.Sum(layer => layer.MultiplyAdds);

    /// <summary>Memory of all layers' outputs together, as training keeps most of them; inference frees each after its last use.</summary>
    public long ActivationBytes => Layers.Sum(layer => layer.ActivationBytes);

    /// <summary>
    /// Passes zeros of the given size through the network, in evaluation mode, and records the output of each layer. The network
    /// stays as it is; no other thread may use it meanwhile.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="height">Of the images, in pixels, at least 1.</param>
    /// <param name="width">Of the images, in pixels, at least 1.</param>
    /// <param name="batch">The number of images, at least 1. Default: 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is less than 1.</exception>
    public static ModelSummary Of(ResNetModel network, int height, int width, int batch = 1)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);

        var layers = new List<LayerSummary>();
        var hooks = new List<Module<Tensor, Tensor>.HookRemover>();
        long[] shape = [batch, network.Options.InputChannels, height, width];
        try
        {
            foreach (var (name, layer) in LayersOf(network, "", ""))
                hooks.Add(layer.register_forward_hook((_, input, output) => Note(name, layer, input, output)));
            using var mode = new EvaluationMode(network);
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            network.forward(zeros(shape, network.DType, network.Device));
        }
        finally
        {
            foreach (var hook in hooks) hook.remove();
        }
        var parameters = network.parameters().ToList();
        return new ModelSummary(
            new NumberList<long>(shape), layers, parameters.Sum(parameter => parameter.numel()),
            parameters.Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel()),
            parameters.Sum(parameter => parameter.numel() * parameter.element_size()));

        Tensor Note(string name, Module layer, Tensor input, Tensor output)
        {
            layers.Add(new LayerSummary(
                name, layer.GetType().Name, new NumberList<long>(input.shape), new NumberList<long>(output.shape),
                layer.parameters().Sum(parameter => parameter.numel()),
                MultiplyAddsOf(layer, output), output.numel() * output.element_size()));
            // null leaves the output unchanged.
            return null!;
        }
    }

    /// <summary>Returns the table: a line for each layer, and the totals.</summary>
    public override string ToString() => ToString(int.MaxValue);

    /// <summary>Returns the table in a limited width, for a terminal. Columns that do not fit are omitted, input shapes first.</summary>
    /// <param name="maximumWidth">In characters. The columns of layers and parameters are always shown.</param>
    public string ToString(int maximumWidth)
    {
        var rows = Layers.Select(layer => new[]
        {
            layer.Name, layer.Type, layer.InputShape.ToString()!, layer.OutputShape.ToString()!,
            Count(layer.Parameters), Count(layer.MultiplyAdds), Memory(layer.ActivationBytes),
        }).Prepend(s_headings).Append(
        [
            "Total", "", InputShape.ToString()!, Layers[^1].OutputShape.ToString()!,
            Count(Parameters), Count(MultiplyAdds), Memory(ActivationBytes),
        ]).ToList();
        var widths = Enumerable.Range(0, s_headings.Length).Select(i => rows.Max(row => row[i].Length)).ToList();
        var columns = Enumerable.Range(0, s_headings.Length).ToList();
        foreach (int column in s_leastNeeded)
        {
            if (columns.Sum(i => widths[i] + Gap.Length) - Gap.Length > maximumWidth) columns.Remove(column);
        }
        string rule = string.Join(Gap, columns.Select(i => new string('─', widths[i])));

        var text = new StringBuilder();
        for (int i = 0; i < rows.Count; i++)
        {
            if (i == 1 || i == rows.Count - 1) text.Append(rule).Append('\n');
            // Text to the left, numbers to the right.
            var cells = columns.Select(column =>
                column < NumbersFrom ? rows[i][column].PadRight(widths[column]) : rows[i][column].PadLeft(widths[column]));
            text.Append(string.Join(Gap, cells).TrimEnd()).Append('\n');
        }
        string trainable = TrainableParameters == Parameters ? "" : $", {Count(TrainableParameters)} of them trainable";
        string images = InputShape[0] == 1 ? "an image" : $"{InputShape[0]} images";
        return text
            .Append(CultureInfo.InvariantCulture, $"{Count(Parameters)} parameters ({Memory(ParameterBytes)}){trainable}; ")
            .Append(CultureInfo.InvariantCulture, $"{MultiplyAdds / 1e9:0.000} G multiply-adds for {images}")
            .ToString();
    }

    private static IEnumerable<(string Name, Module<Tensor, Tensor> Layer)> LayersOf(
        Module module, string path, string name) => module switch
        {
            // The network's own sequences: a deep stem, a stage, a projection. Any other sequence is a custom norm.
            TorchSharp.Modules.Sequential
                when name is not ("conv1" or "downsample") && !name.StartsWith("layer", StringComparison.Ordinal) =>
                [(path, (Module<Tensor, Tensor>)module)],
            ResNetModel or ResidualBlock or TorchSharp.Modules.Sequential =>
                module.named_children().SelectMany(child =>
                    LayersOf(child.module, path.Length == 0 ? child.name : $"{path}.{child.name}", child.name)),
            TorchSharp.Modules.ReLU or TorchSharp.Modules.Identity => [],
            Module<Tensor, Tensor> layer => [(path, layer)],
            _ => [],
        };

    private static long MultiplyAddsOf(Module layer, Tensor output) => layer switch
    {
        Conv2d convolution =>
            output.numel() * convolution.in_channels / convolution.groups * convolution.kernel_size[0] * convolution.kernel_size[1],
        Linear linear => output.numel() * linear.in_features,
        _ => 0,
    };

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Memory(long bytes) => bytes switch
    {
        < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.00} GiB"),
    };
}
