using ResNet.Inference.Kernels;

namespace ResNet.Inference.Plans;

/// <summary>The layers of a network in the order in which they are computed.</summary>
internal sealed record InferencePlan
{
    /// <summary>The most layers; the deepest network of the catalogue has 1,203 convolutions.</summary>
    internal const int MaximumLayers = 10_000;

    internal const int MaximumKernel = 15;

    internal const int MaximumChannels = 1 << 20;

    /// <summary>The longest side of images, in pixels.</summary>
    internal const int MaximumSide = 1 << 16;

    private const int MaximumStride = 64;

    /// <summary>The channels of the images.</summary>
    internal required int Channels { get; init; }

    /// <summary>The layers.</summary>
    internal required IReadOnlyList<Layer> Layers { get; init; }

    /// <summary>The values that are the outputs of the stem and of each stage; empty if the plan does not say.</summary>
    internal IReadOnlyList<int> Stages { get; init; } = [];

    /// <summary>The value that is the class scores.</summary>
    internal int Scores => Layers.Count;

    /// <summary>The value that is the pooled vector: the classifier's input.</summary>
    internal int Features => Layers[^1].Input;

    /// <summary>The value that is pooled: the last map.</summary>
    internal int LastMap => Layers[Features - 1] is { Kind: LayerKind.Mean } mean ? mean.Input : Features;

    /// <summary>Checks everything that does not depend on the size of the images, and returns the channels of each value.</summary>
    /// <param name="weights">The shape of a tensor; null if there is none of that name.</param>
    /// <exception cref="FormatException">Something does not fit; the message is a clause that names the layer.</exception>
    internal int[] Check(Func<string, IReadOnlyList<long>?> weights)
    {
        Refuse(Channels is < 1 or > MaximumChannels, $"its images have {Channels} channels");
        Refuse(Layers.Count is < 1 or > MaximumLayers, $"it has {Layers.Count} layers");
        // A small file would need much memory if many layers packed the same weights.
        var names = Layers.SelectMany(layer => new[] { layer.Weight, layer.Bias }).Where(name => name is not null).ToList();
        Refuse(names.Count != names.Distinct().Count(), "two of its layers have the same tensor");
        // Nor may zeros make a map wider than weights do, which are in the file.
        long widest = Layers.Max(layer => layer.Weight is { } weight && weights(weight) is { Count: > 0 } shape ? shape[0] : 0);
        var channels = new int[Layers.Count + 1];
        channels[0] = Channels;
        for (int i = 0; i < Layers.Count; i++)
        {
            var layer = Layers[i];
            string name = $"layer {i} ({layer.Kind})";
            Refuse(layer.Input < 0 || layer.Input > i, $"{name} reads the value {layer.Input}, which no earlier layer computes");
            Refuse(
                (layer.Input == 0) != (i == 0)
                || (i == 0 && (layer.Kind != LayerKind.Convolution || layer.Groups > 1 || layer.Dilation > 1)),
                $"{name} reads the images, but only a first convolution without groups and dilation may");
            Refuse(layer.Kernel is < 1 or > MaximumKernel, $"{name} has a kernel of {layer.Kernel} pixels");
            Refuse(layer.Stride is < 1 or > MaximumStride, $"{name} has the stride {layer.Stride}");
            Refuse(layer.Dilation is < 1 or > MaximumStride, $"{name} has the dilation {layer.Dilation}");
            // More padding would enlarge the map, from layer to layer.
            Refuse(
                layer.Padding < 0 || 2L * layer.Padding > layer.Dilation * (layer.Kernel - 1L),
                $"{name} has the padding {layer.Padding}");
            Refuse(layer.Groups < 1, $"{name} has {layer.Groups} groups");
            RefuseUnused(layer, name);
            channels[i + 1] = ChannelsOf(layer, name, channels[layer.Input], weights);
            Refuse(
                layer.Kind == LayerKind.Subsample && channels[i + 1] > widest,
                $"{name} has {channels[i + 1]} channels, more than any layer with weights");
            if (layer.Add is not { } add) continue;
            Refuse(add < 1 || add > i || channels[add] != channels[i + 1], $"{name} adds the value {add}, which does not fit");
            Refuse(layer.Kind is not (LayerKind.Convolution or LayerKind.Pointwise), $"{name} cannot add a value");
        }
        Refuse(
            Layers[^1].Kind != LayerKind.Linear || Layers.Take(Layers.Count - 1).Any(layer => layer.Kind == LayerKind.Linear),
            "its last layer, and no other, has to be linear");
        for (int i = 0; i < Stages.Count; i++)
        {
            int former = i == 0 ? 0 : Stages[i - 1];
            Refuse(Stages[i] <= former || Stages[i] >= Scores, $"its stage {i} ends with the value {Stages[i]}, which does not fit");
        }
        return channels;
    }

    /// <summary>Computes the shape of each value for images of a size.</summary>
    /// <exception cref="ArgumentException">The images are too small or too large for a layer.</exception>
    internal MapShape[] Shapes(int height, int width, int[] channels)
    {
        if (Math.Max(height, width) > MaximumSide)
        {
            throw new ArgumentException(
                $"Images of {height} × {width} pixels are too large: a side has at most {MaximumSide} pixels.");
        }
        var shapes = new MapShape[Layers.Count + 1];
        shapes[0] = new MapShape(Channels, height, width);
        for (int i = 0; i < Layers.Count; i++)
        {
            var layer = Layers[i];
            var input = shapes[layer.Input];
            var (rows, columns) = layer.Kind switch
            {
                LayerKind.Convolution or LayerKind.MaxPool => (Windows(layer, input.Height), Windows(layer, input.Width)),
                // Without a stride the mean keeps the size; with one, a rest at the border counts.
                LayerKind.AveragePool or LayerKind.Subsample =>
                    ((input.Height + layer.Stride - 1) / layer.Stride, (input.Width + layer.Stride - 1) / layer.Stride),
                LayerKind.Mean => (1, 1),
                _ => (input.Height, input.Width),
            };
            if (rows < 1 || columns < 1)
                throw new ArgumentException($"Images of {height} × {width} pixels are too small for this network.");
            shapes[i + 1] = new MapShape(channels[i + 1], rows, columns);
            if (layer.Add is { } add && shapes[add] != shapes[i + 1])
                throw new ArgumentException($"Images of {height} × {width} pixels do not fit this network: its layer {i} adds two sizes.");
            if (layer.Kind == LayerKind.Linear && (input.Height > 1 || input.Width > 1))
                throw new ArgumentException($"Images of {height} × {width} pixels do not fit this network: its classifier gets a map.");
        }
        return shapes;
    }

    // What a kind does not compute may not be asked for.
    private static void RefuseUnused(Layer layer, string name)
    {
        var kind = layer.Kind;
        bool isConvolution = kind == LayerKind.Convolution, hasWindow = isConvolution || kind == LayerKind.MaxPool;
        Refuse(layer.Kernel != 1 && !hasWindow, $"{name} cannot have a kernel");
        Refuse(layer.Padding != 0 && !hasWindow, $"{name} cannot have a padding");
        Refuse(
            layer.Stride != 1 && !hasWindow && kind is not (LayerKind.AveragePool or LayerKind.Subsample), $"{name} cannot have a stride");
        Refuse(layer.Dilation != 1 && !isConvolution, $"{name} cannot have a dilation");
        Refuse(layer.Groups != 1 && !isConvolution && kind != LayerKind.GroupNorm, $"{name} cannot have groups");
        Refuse(layer.Relu && kind is not (LayerKind.Convolution or LayerKind.Pointwise), $"{name} cannot have a ReLU");
        Refuse((layer.Before != 0 || layer.After != 0) && kind != LayerKind.Subsample, $"{name} cannot have channels of zeros");
    }

    private static int Windows(Layer layer, int length)
    {
        long free = length + (2L * layer.Padding) - ((layer.Dilation * (layer.Kernel - 1L)) + 1);
        return free < 0 ? 0 : (int)(free / layer.Stride) + 1;
    }

    private static int ChannelsOf(Layer layer, string name, int input, Func<string, IReadOnlyList<long>?> weights)
    {
        switch (layer.Kind)
        {
            case LayerKind.Convolution:
                var shape = ShapeOf(layer.Weight);
                Refuse(
                    shape.Count != 4 || shape[0] % layer.Groups != 0 || input % layer.Groups != 0 || shape[1] != input / layer.Groups
                    || shape[2] != layer.Kernel || shape[3] != layer.Kernel,
                    $"{name} has weights [{string.Join(", ", shape)}] for {input} channels");
                Refuse(
                    shape[0] <= MaximumChannels && Grouping.Merged(layer.Groups, (int)shape[0] / layer.Groups) > Grouping.MaximumMerged,
                    $"{name} has {layer.Groups} groups of {shape[0] / layer.Groups} channels, for which there is no kernel");
                return Vector(layer.Bias, shape[0]);
            case LayerKind.Linear:
                var matrix = ShapeOf(layer.Weight);
                Refuse(matrix.Count != 2 || matrix[1] != input, $"{name} has weights [{string.Join(", ", matrix)}] for {input} channels");
                return Vector(layer.Bias, matrix[0]);
            case LayerKind.Pointwise or LayerKind.GroupNorm:
                Refuse((layer.Weight is null) != (layer.Bias is null), $"{name} has a scale or a shift alone");
                Vector(layer.Weight, input);
                Refuse(
                    layer.Kind == LayerKind.GroupNorm && (input % layer.Groups != 0 || !(layer.Epsilon > 0) || layer.Weight is null),
                    $"{name} does not fit {input} channels");
                return Vector(layer.Bias, input);
            case LayerKind.Subsample:
                Refuse(layer.Before < 0 || layer.After < 0, $"{name} adds {layer.Before} and {layer.After} channels");
                return Vector(null, (long)input + layer.Before + layer.After);
            case LayerKind.MaxPool or LayerKind.Mean:
                return input;
            case LayerKind.AveragePool:
                Refuse(layer.Stride > 2, $"{name} has the stride {layer.Stride}");
                return input;
            default:
                throw new FormatException($"{name} is of no known kind");
        }

        IReadOnlyList<long> ShapeOf(string? tensor) =>
            (tensor is null ? null : weights(tensor)) ?? throw new FormatException($"{name} lacks the tensor '{tensor}'");

        int Vector(string? tensor, long length)
        {
            Refuse(length is < 1 or > MaximumChannels, $"{name} has {length} channels");
            Refuse(
                tensor is not null && !(ShapeOf(tensor) is [var actual] && actual == length),
                $"{name} has the tensor '{tensor}', which does not have {length} elements");
            return (int)length;
        }
    }

    private static void Refuse(bool isSo, string problem)
    {
        if (isSo) throw new FormatException(problem);
    }
}
