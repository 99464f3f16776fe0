using ResNet.Inference.Kernels.Int8;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Quantization;

/// <summary>
/// Decides which layers of a plan compute with bytes: all convolutions but the first one, which reads the images, and those with groups.
/// Their outputs are bytes too, unless another layer reads them.
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
    internal PlanQuantizer(InferencePlan plan, int[] channels)
    {
        _plan = plan;
        _isInt8 = [.. plan.Layers.Select((layer, i) => i > 0 && IsInt8(layer, channels[layer.Input]))];
        _isReadAsBytes = new bool[plan.Layers.Count + 1];
        _isReadAsFloats = new bool[plan.Layers.Count + 1];
        for (int i = 0; i < plan.Layers.Count; i++)
        {
            var layer = plan.Layers[i];
            (_isInt8[i] ? _isReadAsBytes : _isReadAsFloats)[layer.Input] = true;
            if (layer.Add is { } add && !_isInt8[i]) _isReadAsFloats[add] = true;
        }
    }

    /// <summary>The number of convolutions that compute with bytes.</summary>
    internal int Int8Convolutions => _isInt8.Count(isInt8 => isInt8);

    /// <summary>The name of the tensor with the scales of a tensor of weights.</summary>
    internal static string ScaleName(string weight) => $"{weight}_scale";

    /// <summary>Whether a layer computes with bytes.</summary>
    internal bool IsInt8(int layer) => _isInt8[layer];

    /// <summary>Whether a value is there as bytes, alone or besides floats.</summary>
    internal bool NeedsRange(int value) => value > 0 && (GivesBytes(value) || _isReadAsBytes[value]);

    /// <summary>Makes the plan.</summary>
    /// <param name="ranges">The range of each value for which <see cref="NeedsRange"/> is true.</param>
    internal InferencePlan Quantize(Func<int, ByteRange> ranges)
    {
        var layers = new List<Layer>();
        int[] values = new int[_plan.Layers.Count + 1], bytes = new int[_plan.Layers.Count + 1];
        for (int i = 0; i < _plan.Layers.Count; i++)
        {
            var layer = _plan.Layers[i];
            int value = i + 1;
            var quantized = layer with
            {
                Input = (_isInt8[i] ? bytes : values)[layer.Input],
                Add = layer.Add is { } add ? values[add] : null,
            };
            if (_isInt8[i]) quantized = quantized with { Kind = LayerKind.Int8Convolution, WeightScale = ScaleName(layer.Weight!) };
            if (GivesBytes(value)) quantized = Ranged(quantized, ranges(value));
            layers.Add(quantized);
            values[value] = bytes[value] = layers.Count;
            if (!_isReadAsBytes[value] || GivesBytes(value)) continue;
            layers.Add(Ranged(new Layer { Kind = LayerKind.Quantize, Input = values[value] }, ranges(value)));
            bytes[value] = layers.Count;
        }
        return _plan with { Layers = layers, Stages = [.. _plan.Stages.Select(value => values[value])] };
    }

    private static Layer Ranged(Layer layer, ByteRange range) => layer with { Scale = range.Scale, ZeroPoint = range.ZeroPoint };

    private static bool IsInt8(Layer layer, int channels) =>
        layer is { Kind: LayerKind.Convolution, Groups: 1 }
        && (long)channels * layer.Kernel * layer.Kernel <= Int8Kernels.MaximumProducts;

    // Whether the layer of a value gives bytes by itself.
    private bool GivesBytes(int value) => _isInt8[value - 1] && !_isReadAsFloats[value];
}
