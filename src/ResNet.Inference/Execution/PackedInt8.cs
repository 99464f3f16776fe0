using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;

namespace ResNet.Inference.Execution;

/// <summary>The weights of a layer of bytes in the order in which the kernels read them.</summary>
internal sealed unsafe class PackedInt8 : IDisposable
{
    private readonly NativeBuffer _weights;
    private readonly NativeBuffer _start;
    private readonly NativeBuffer _factor;
    private readonly NativeBuffer _bias;

    /// <summary>Packs weights.</summary>
    /// <param name="kernels">The kernels that read them.</param>
    /// <param name="weights"><c>[output, input, height, width]</c>, between -63 and 63.</param>
    /// <param name="scales">The scale of each output channel's weights.</param>
    /// <param name="bias">A number for each output channel, or none.</param>
    /// <param name="shape">The shape of the weights.</param>
    /// <param name="depth">The bytes of a pixel of the input: at least its channels, a multiple of <see cref="Int8Kernels.Quad"/>.</param>
    /// <param name="input">Scale and zero point of the input.</param>
    /// <param name="outputScale">The scale of the output; 1 for floats.</param>
    internal PackedInt8(
        Int8Kernels kernels, ReadOnlySpan<sbyte> weights, float[] scales, float[]? bias, (int Output, int Input, int Taps) shape,
        int depth, (float Scale, int Zero) input, float outputScale)
    {
        int columns = KernelSet.Channels(shape.Output);
        Depth = depth;
        int panelBytes = shape.Taps * Depth * kernels.Lanes;
        Panels =
        [
            .. kernels.Columns(columns)
                .Select(panel => new Panel(panel.Column, panel.Vectors, 0, (long)panel.Column / kernels.Lanes * panelBytes)),
        ];
        _weights = new NativeBuffer((long)columns * shape.Taps * Depth / sizeof(float));
        (_start, _factor, _bias) = (new NativeBuffer(columns), new NativeBuffer(columns), new NativeBuffer(columns));
        int[] sums = new int[columns];
        int[] places = Places(shape);
        foreach (var panel in Panels)
        {
            int lanes = panel.Vectors * kernels.Lanes, outputs = Math.Clamp(shape.Output - panel.Column, 0, lanes);
            WeightPacking.Copy(
                weights[Math.Min(panel.Column * places.Length, weights.Length)..], places, (sbyte*)_weights.Address + panel.Weights, lanes,
                sums.AsSpan(panel.Column, outputs));
        }
        for (int o = 0; o < shape.Output; o++)
        {
            ((int*)_start.Address)[o] = -input.Zero * sums[o];
            _factor.Address[o] = (float)((double)input.Scale * scales[o] / outputScale);
            _bias.Address[o] = bias is null ? 0 : (float)(bias[o] / (double)outputScale);
        }
    }

    /// <summary>The panels, by output channel; their places are in bytes.</summary>
    internal Panel[] Panels { get; }

    /// <summary>The input channels of a tap.</summary>
    internal int Depth { get; }

    internal nint Weights => (nint)_weights.Address;

    /// <summary>The integers that the sums of each output channel begin with.</summary>
    internal nint Start => (nint)_start.Address;

    /// <summary>The factor of each output channel.</summary>
    internal nint Factor => (nint)_factor.Address;

    internal nint Bias => (nint)_bias.Address;

    public void Dispose()
    {
        _weights.Dispose();
        _start.Dispose();
        _factor.Dispose();
        _bias.Dispose();
    }

    // The place of each weight of an output channel among those of the panel's first one, which is [taps, depth].
    private int[] Places((int Output, int Input, int Taps) shape)
    {
        int[] places = new int[shape.Input * shape.Taps];
        for (int i = 0; i < places.Length; i++)
        {
            var (channel, tap) = Math.DivRem(i, shape.Taps);
            places[i] = (tap * Depth) + channel;
        }
        return places;
    }
}
