using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>The weights of a convolution or a linear layer in the order in which the kernels read them.</summary>
internal sealed class PackedWeights : IDisposable
{
    // G of Lavin and Gray 2015.
    private static readonly double[,] s_transform2 = { { 1, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.5, -0.5, 0.5 }, { 0, 0, 1 } };

    private static readonly double[,] s_transform4 =
    {
        { 1.0 / 4, 0, 0 }, { -1.0 / 6, -1.0 / 6, -1.0 / 6 }, { -1.0 / 6, 1.0 / 6, -1.0 / 6 },
        { 1.0 / 24, 1.0 / 12, 1.0 / 6 }, { 1.0 / 24, -1.0 / 12, 1.0 / 6 }, { 0, 0, 1 },
    };

    private readonly NativeBuffer _weights;
    private readonly NativeBuffer _bias;

    private PackedWeights(NativeBuffer weights, NativeBuffer bias, Panel[] panels, int depth)
    {
        (_weights, _bias, Panels, Depth) = (weights, bias, panels, depth);
    }

    /// <summary>The panels, by output channel.</summary>
    internal Panel[] Panels { get; }

    /// <summary>The input channels of a tap.</summary>
    internal int Depth { get; }

    internal unsafe nint Weights => (nint)_weights.Address;

    internal unsafe nint Bias => (nint)_bias.Address;

    /// <summary>Packs weights for products.</summary>
    /// <param name="kernels">The kernels that read them.</param>
    /// <param name="weights"><c>[output, input / groups, height, width]</c>.</param>
    /// <param name="bias">A number for each output channel, or none.</param>
    /// <param name="shape">The shape of the weights.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="readsImages">
    /// Whether the input are images with their own number of channels: a row of the kernel is one tap then, since its pixels lie together.
    /// </param>
    /// <param name="threads">The most threads that pack together.</param>
    internal static unsafe PackedWeights Direct(
        KernelSet kernels, NativeBuffer weights, float[]? bias, (int Output, int Input, int Height, int Width) shape, int groups,
        bool readsImages, int threads)
    {
        var (output, input, height, width) = shape;
        int columns = KernelSet.Channels(output), merged = Grouping.Merged(groups, output / groups);
        int taps = readsImages ? height : height * width;
        int depth = readsImages ? width * input : groups == 1 ? KernelSet.Channels(input) : merged * input;
        // Groups that are merged to all of them may leave a rest of the last vector.
        int columnsOfPart = merged == groups ? columns : merged * (output / groups);
        var list = new List<Panel>();
        long floats = 0;
        for (int part = 0; part * columnsOfPart < columns; part++)
        {
            foreach (var (column, vectors) in kernels.Columns(columnsOfPart))
            {
                list.Add(new Panel((part * columnsOfPart) + column, vectors, part * depth, floats));
                floats += (long)taps * depth * vectors * kernels.Lanes;
            }
        }
        var packed = new NativeBuffer(floats);
        Panel[] panels = [.. list];
        Parallel.ForEach(panels, new ParallelOptions { MaxDegreeOfParallelism = threads }, panel =>
        {
            int lanes = panel.Vectors * kernels.Lanes;
            float* target = packed.Address + panel.Weights;
            for (int lane = 0; lane < lanes; lane++)
            {
                int o = panel.Column + lane;
                if (o >= output) break;
                // Within merged groups, a channel has weights for the input of its own group only.
                int shift = groups == 1 ? 0 : ((o / (output / groups)) * input) - panel.Input;
                long source = (long)o * input * height * width;
                for (int i = 0; i < input; i++)
                {
                    for (int y = 0; y < height; y++)
                    {
                        for (int x = 0; x < width; x++, source++)
                        {
                            long place = readsImages
                                ? ((long)y * depth) + (x * input) + i
                                : ((((long)y * width) + x) * depth) + shift + i;
                            target[(place * lanes) + lane] = weights.Address[source];
                        }
                    }
                }
            }
        });
        return new PackedWeights(packed, Padded(bias, columns), panels, depth);
    }

    /// <summary>Transforms and packs the weights of a 3×3 convolution for Winograd's algorithm.</summary>
    /// <param name="kernels">The kernels that read them.</param>
    /// <param name="size">The side of an output tile: 2 or 4.</param>
    /// <param name="weights"><c>[output, input, 3, 3]</c>.</param>
    /// <param name="bias">A number for each output channel, or none.</param>
    /// <param name="output">Output channels.</param>
    /// <param name="input">Input channels.</param>
    /// <param name="threads">The most threads that pack together.</param>
    internal static unsafe PackedWeights Winograd(
        KernelSet kernels, int size, NativeBuffer weights, float[]? bias, int output, int input, int threads)
    {
        int depth = KernelSet.Channels(input), columns = KernelSet.Channels(output), side = size + 2;
        var transform = size == 4 ? s_transform4 : s_transform2;
        Panel[] panels = [.. kernels.Columns(columns).Select(p => new Panel(p.Column, p.Vectors, 0, (long)p.Column * depth))];
        long element = (long)columns * depth;
        var packed = new NativeBuffer(side * side * element);
        Parallel.ForEach(panels, new ParallelOptions { MaxDegreeOfParallelism = threads }, panel =>
        {
            int lanes = panel.Vectors * kernels.Lanes;
            float* target = packed.Address + panel.Weights;
            double* half = stackalloc double[side * 3];
            for (int lane = 0; lane < lanes; lane++)
            {
                int o = panel.Column + lane;
                if (o >= output) break;
                for (int i = 0; i < input; i++)
                {
                    float* source = weights.Address + (((long)o * input) + i) * 9;
                    for (int r = 0; r < side; r++)
                    {
                        for (int x = 0; x < 3; x++)
                        {
                            half[(r * 3) + x] = (transform[r, 0] * source[x]) + (transform[r, 1] * source[3 + x])
                                + (transform[r, 2] * source[6 + x]);
                        }
                    }
                    for (int r = 0; r < side; r++)
                    {
                        for (int c = 0; c < side; c++)
                        {
                            double value = (transform[c, 0] * half[r * 3]) + (transform[c, 1] * half[(r * 3) + 1])
                                + (transform[c, 2] * half[(r * 3) + 2]);
                            target[(((r * side) + c) * element) + ((long)i * lanes) + lane] = (float)value;
                        }
                    }
                }
            }
        });
        return new PackedWeights(packed, Padded(bias, columns), panels, depth);
    }

    public void Dispose()
    {
        _weights.Dispose();
        _bias.Dispose();
    }

    /// <summary>Copies a vector, with zeros up to a pixel's channels in memory.</summary>
    internal static unsafe NativeBuffer Padded(float[]? values, int channels)
    {
        var buffer = new NativeBuffer(channels);
        values.AsSpan().CopyTo(new Span<float>(buffer.Address, channels));
        return buffer;
    }
}
