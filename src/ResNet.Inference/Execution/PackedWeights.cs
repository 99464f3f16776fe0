using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>
/// The weights of a convolution or a linear layer in the order in which the kernels read them. Its memory is a part of a larger one, so
/// that the weights of the next layer follow.
/// </summary>
internal sealed unsafe class PackedWeights
{
    private readonly int _columns;
    private readonly long _floatsOfWeights;
    private readonly Action<nint, nint, Panel> _pack;

    private PackedWeights(Panel[] panels, int depth, int columns, long floats, Action<nint, nint, Panel> pack) =>
        (Panels, Depth, _columns, _floatsOfWeights, _pack) = (panels, depth, columns, floats, pack);

    /// <summary>The panels, by output channel.</summary>
    internal Panel[] Panels { get; }

    /// <summary>The input channels of a tap.</summary>
    internal int Depth { get; }

    /// <summary>The memory that it needs, a multiple of 64 bytes.</summary>
    internal long Floats => _columns + _floatsOfWeights;

    internal nint Weights => Bias + (_columns * sizeof(float));

    internal nint Bias { get; private set; }

    /// <summary>Prepares weights for products.</summary>
    /// <param name="kernels">The kernels that read them.</param>
    /// <param name="shape">The shape of the weights <c>[output, input / groups, height, width]</c>.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="readsImages">
    /// Whether the input are images with their own number of channels: a row of the kernel is one tap then, since its pixels lie together.
    /// </param>
    internal static PackedWeights Direct(
        KernelSet kernels, (int Output, int Input, int Height, int Width) shape, int groups, bool readsImages)
    {
        var (output, input, height, width) = shape;
        int columns = KernelSet.Channels(output), merged = Grouping.Merged(groups, output / groups);
        int taps = readsImages ? height : height * width;
        int depth = readsImages ? width * input : groups == 1 ? KernelSet.Channels(input) : merged * input;
        // Groups that are merged to all of them may leave a rest of the last vector.
        int columnsOfPart = merged == groups ? columns : merged * (output / groups);
        var panels = new List<Panel>();
        long floats = 0;
        for (int part = 0; part * columnsOfPart < columns; part++)
        {
            foreach (var (column, vectors) in kernels.Columns(columnsOfPart))
            {
                panels.Add(new Panel((part * columnsOfPart) + column, vectors, part * depth, floats));
                floats += (long)taps * depth * vectors * kernels.Lanes;
            }
        }
        // The row of a panel for each weight of an output channel.
        int[] places = new int[input * height * width];
        for (int i = 0; i < places.Length; i++)
        {
            var (channel, tap) = Math.DivRem(i, height * width);
            places[i] = readsImages ? (tap / width * depth) + (tap % width * input) + channel : (tap * depth) + channel;
        }
        return new PackedWeights([.. panels], depth, columns, floats, Pack);

        void Pack(nint source, nint target, Panel panel)
        {
            int lanes = panel.Vectors * kernels.Lanes, outputs = Math.Clamp(output - panel.Column, 0, lanes);
            Span<int> shifts = stackalloc int[outputs];
            // Within merged groups, a channel has weights for the input of its own group only.
            for (int lane = 0; lane < outputs; lane++) shifts[lane] = ((panel.Column + lane) / (output / groups) * input) - panel.Input;
            WeightPacking.Copy(
                (float*)source + ((long)panel.Column * places.Length), places, shifts, (float*)target + panel.Weights, lanes);
        }
    }

    /// <summary>Prepares the weights of a convolution for products of its output's gradient, which give that of its input.</summary>
    /// <param name="kernels">The kernels that read them.</param>
    /// <param name="output">The channels of the input's gradient.</param>
    /// <param name="input">The channels of the output's gradient.</param>
    /// <param name="kernel">The taps of the convolution, whose weights are <c>[input, output, taps]</c>.</param>
    /// <param name="taps">The taps to use.</param>
    internal static PackedWeights Transposed(KernelSet kernels, int output, int input, int kernel, int[] taps)
    {
        int depth = KernelSet.Channels(input), columns = KernelSet.Channels(output);
        Panel[] panels = [.. kernels.Columns(columns).Select(p => new Panel(p.Column, p.Vectors, 0, (long)p.Column * depth * taps.Length))];
        return new PackedWeights(panels, depth, columns, (long)columns * depth * taps.Length, Pack);

        void Pack(nint source, nint target, Panel panel)
        {
            int lanes = panel.Vectors * kernels.Lanes, outputs = Math.Clamp(output - panel.Column, 0, lanes);
            for (int i = 0; i < input; i++)
            {
                float* weights = (float*)source + ((((long)i * output) + panel.Column) * kernel);
                if (kernel == 1)
                {
                    float* row = (float*)target + panel.Weights + ((long)i * lanes);
                    new ReadOnlySpan<float>(weights, outputs).CopyTo(new Span<float>(row, outputs));
                    continue;
                }
                for (int tap = 0; tap < taps.Length; tap++)
                {
                    float* row = (float*)target + panel.Weights + ((((long)tap * depth) + i) * lanes), from = weights + taps[tap];
                    for (int lane = 0; lane < outputs; lane++, from += kernel) row[lane] = *from;
                }
            }
        }
    }

    /// <summary>Prepares the weights of a 3×3 convolution for Winograd's algorithm.</summary>
    /// <param name="kernels">The kernels that read them.</param>
    /// <param name="size">The side of an output tile: 2 or 4.</param>
    /// <param name="output">Output channels.</param>
    /// <param name="input">Input channels.</param>
    /// <param name="isTransposed">
    /// Whether they are the weights <c>[input, output, 3, 3]</c> of the convolution whose gradient is computed.
    /// </param>
    internal static PackedWeights Winograd(KernelSet kernels, int size, int output, int input, bool isTransposed = false)
    {
        int depth = KernelSet.Channels(input), columns = KernelSet.Channels(output), side = size + 2;
        Panel[] panels = [.. kernels.Columns(columns).Select(p => new Panel(p.Column, p.Vectors, 0, (long)p.Column * depth))];
        long element = WinogradBlock.WeightStep(depth, columns);
        var order = isTransposed
            ? new WeightOrder(WeightPacking.Taps, (long)output * WeightPacking.Taps, IsTurned: true)
            : new WeightOrder((long)input * WeightPacking.Taps, WeightPacking.Taps, IsTurned: false);
        return new PackedWeights(panels, depth, columns, side * side * element, Pack);

        void Pack(nint source, nint target, Panel panel)
        {
            int lanes = panel.Vectors * kernels.Lanes;
            WeightPacking.Transform(
                (float*)source + (panel.Column * order.Output), Math.Clamp(output - panel.Column, 0, lanes), input, order, size,
                (float*)target + panel.Weights, element, lanes);
        }
    }

    /// <summary>Sets the memory of the weights, which are packed later.</summary>
    /// <param name="target">Memory for <see cref="Floats"/>, which is zero where no weight belongs.</param>
    internal void Place(float* target) => Bias = (nint)target;

    /// <summary>Packs the weights.</summary>
    /// <param name="weights">The weights in the order of the file.</param>
    /// <param name="bias">A number for each output channel, or none.</param>
    /// <param name="target">Memory for <see cref="Floats"/>, cleared.</param>
    internal void Pack(float* weights, ReadOnlySpan<float> bias, float* target)
    {
        Place(target);
        bias.CopyTo(new Span<float>(target, _columns));
        foreach (var panel in Panels) Pack(weights, panel);
    }

    /// <summary>Packs the weights of a panel into the memory that was set.</summary>
    internal void Pack(float* weights, in Panel panel) => _pack((nint)weights, Weights, panel);

    /// <summary>Copies a vector, with zeros up to a pixel's channels in memory.</summary>
    internal static NativeBuffer Padded(float[]? values, int channels)
    {
        var buffer = new NativeBuffer(channels);
        values.AsSpan().CopyTo(new Span<float>(buffer.Address, channels));
        return buffer;
    }
}
