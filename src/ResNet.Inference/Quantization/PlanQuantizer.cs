using ResNet.Inference.Kernels.Int8;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Quantization;

/// <summary>
/// Decides which layers of a plan compute with bytes: all convolutions but those with groups, and, only if asked, the first one, which
/// reads the images, and the classifier. Their outputs are bytes too, unless another layer reads them as floats.
/// </summary>
internal sealed class PlanQuantizer
{
    private readonly InferencePlan _plan;
    private readonly bool[] _isInt8;
    private readonly bool[] _isReadAsBytes;
    private readonly bool[] _isReadAsFloats;

    /// <summary>Makes the decisions.</summary>
    /// <param name="plan">A plan of layers of floats.</param>
    /// <param name="channels">The channels of each value.</param>
    /// <param name="options">What is asked.</param>
    internal PlanQuantizer(InferencePlan plan, int[] channels, QuantizationOptions options)
    {
        _plan = plan;
        _isInt8 =
            [.. plan.Layers.Select((layer, i) => (i > 0 || options.FirstConvolution) && IsInt8(layer, channels[layer.Input], options))];
        _isReadAsBytes = new bool[plan.Layers.Count + 1];
        _isReadAsFloats = new bool[plan.Layers.Count + 1];
        for (int i = 0; i < plan.Layers.Count; i++)
        {
            var layer = plan.Layers[i];
            (_isInt8[i] ? _isReadAsBytes : _isReadAsFloats)[layer.Input] = true;
            if (layer.Add is { } add && !_isInt8[i]) _isReadAsFloats[add] = true;
        }
    }

    /// <summary>The name of the tensor with the scales of a tensor of weights.</summary>
    internal static string ScaleName(string weight) => $"{weight}_scale";

    /// <summary>Whether a layer computes with bytes.</summary>
    internal bool IsInt8(int layer) => _isInt8[layer];

    /// <summary>Whether a value is there as bytes, alone or besides floats.</summary>
    internal bool NeedsRange(int value) => _isReadAsBytes[value] || GivesBytes(value);

    /// <summary>Makes the plan.</summary>
    /// <param name="ranges">The range of each value for which <see cref="NeedsRange"/> is true.</param>
    internal InferencePlan Quantize(Func<int, ByteRange> ranges)
    {
        var layers = new List<Layer>();
        int[] values = new int[_plan.Layers.Count + 1], bytes = new int[_plan.Layers.Count + 1];
        Quantize(0);
        for (int i = 0; i < _plan.Layers.Count; i++)
        {
            var layer = _plan.Layers[i];
            int value = i + 1;
            var quantized = layer with
            {
                Input = (_isInt8[i] ? bytes : values)[layer.Input],
                Add = layer.Add is { } add ? values[add] : null,
            };
            if (_isInt8[i])
            {
                var kind = layer.Kind == LayerKind.Linear ? LayerKind.Int8Linear : LayerKind.Int8Convolution;
                quantized = quantized with { Kind = kind, WeightScale = ScaleName(layer.Weight!) };
            }
            if (GivesBytes(value)) quantized = Ranged(quantized, ranges(value));
            layers.Add(quantized);
            values[value] = bytes[value] = layers.Count;
            Quantize(value);
        }
        return _plan with { Layers = layers, Stages = [.. _plan.Stages.Select(value => values[value])] };

        // Bytes beside floats.
        void Quantize(int value)
        {
            if (!_isReadAsBytes[value] || GivesBytes(value)) return;
            layers.Add(Ranged(new Layer { Kind = LayerKind.Quantize, Input = values[value] }, ranges(value)));
            bytes[value] = layers.Count;
        }
    }

    private static Layer Ranged(Layer layer, ByteRange range) => layer with { Scale = range.Scale, ZeroPoint = range.ZeroPoint };

    private static bool IsInt8(Layer layer, int channels, QuantizationOptions options) =>
        (layer is { Kind: LayerKind.Convolution, Groups: 1 } || (layer.Kind == LayerKind.Linear && options.Classifier))
        && (long)channels * layer.Kernel * layer.Kernel <= Int8Kernels.MaximumProducts;

    // Whether the layer of a value gives bytes by itself.
    private bool GivesBytes(int value) => value > 0 && value < _plan.Scores && _isInt8[value - 1] && !_isReadAsFloats[value];
}
