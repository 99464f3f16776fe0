using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;

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

    /// <summary>The least and the greatest scale of bytes and weights, so that no quotient of scales overflows.</summary>
    internal const float MinimumScale = 1e-12f, MaximumScale = 1e12f;

    /// <summary>The channels of the images.</summary>
    internal required int Channels { get; init; }

    /// <summary>The layers.</summary>
    internal required IReadOnlyList<Layer> Layers { get; init; }

    /// <summary>The values that are the outputs of the stem and of each stage; empty if the plan does not say.</summary>
    internal IReadOnlyList<int> Stages { get; init; } = [];

    /// <summary>The value that is the class scores.</summary>
    internal int Scores => Layers.Count;

    /// <summary>The value that is the pooled vector: the classifier's input.</summary>
    internal int Features => Layers[^1].Input is var input && Layers[input - 1] is { Kind: LayerKind.Quantize } bytes ? bytes.Input : input;

    /// <summary>The value that is pooled: the last map.</summary>
    internal int LastMap => Layers[Features - 1] is { Kind: LayerKind.Mean } mean ? mean.Input : Features;

    /// <summary>Whether the images become bytes before the first convolution.</summary>
    internal bool QuantizesImages => Layers[0].Kind == LayerKind.Quantize;

    /// <summary>Checks everything that does not depend on the size of the images, and returns the channels of each value.</summary>
    /// <param name="weights">The shape of a tensor; null if there is none of that name.</param>
    /// <exception cref="FormatException">Something does not fit; the message is a clause that names the layer.</exception>
    internal int[] Check(Func<string, IReadOnlyList<long>?> weights)
    {
        Refuse(Channels is < 1 or > MaximumChannels, $"its images have {Channels} channels");
        Refuse(Layers.Count is < 1 or > MaximumLayers, $"it has {Layers.Count} layers");
        // A small file would need much memory if many layers packed the same weights.
        var names = Layers.SelectMany(layer => layer.Tensors).ToList();
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
                || (i == 0 && (layer.Kind is not (LayerKind.Convolution or LayerKind.Quantize) || layer.Groups > 1 || layer.Dilation > 1)),
                $"{name} reads the images, but only a first convolution without groups and dilation, or what makes bytes of them, may");
            Refuse(layer.Kernel is < 1 or > MaximumKernel, $"{name} has a kernel of {layer.Kernel} pixels");
            Refuse(layer.Stride is < 1 or > MaximumStride, $"{name} has the stride {layer.Stride}");
            Refuse(layer.Dilation is < 1 or > MaximumStride, $"{name} has the dilation {layer.Dilation}");
            // More padding would enlarge the map, from layer to layer.
            Refuse(
                layer.Padding < 0 || 2L * layer.Padding > layer.Dilation * (layer.Kernel - 1L),
                $"{name} has the padding {layer.Padding}");
            Refuse(layer.Groups < 1, $"{name} has {layer.Groups} groups");
            RefuseUnused(layer, name);
            CheckBytes(layer, name);
            channels[i + 1] = ChannelsOf(layer, name, channels[layer.Input], weights);
            Refuse(
                layer.Kind == LayerKind.Subsample && channels[i + 1] > widest,
                $"{name} has {channels[i + 1]} channels, more than any layer with weights");
            if (layer.Add is not { } add) continue;
            Refuse(add < 1 || add > i || channels[add] != channels[i + 1], $"{name} adds the value {add}, which does not fit");
            Refuse(!layer.IsConvolution && layer.Kind != LayerKind.Pointwise, $"{name} cannot add a value");
            Refuse(add == 1 && QuantizesImages, $"{name} adds the images");
            Refuse(GivesBytes(add) && layer.Kind != LayerKind.Int8Convolution, $"{name} adds bytes, but only an 8-bit convolution can");
        }
        Refuse(
            !IsLinear(Layers[^1]) || Layers.Take(Layers.Count - 1).Any(IsLinear),
            "its last layer, and no other, has to be linear");
        Refuse(Layers[^1].Input == 0 || Features == 0, "its classifier reads the images");
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
                LayerKind.Convolution or LayerKind.Int8Convolution or LayerKind.MaxPool =>
                    (Windows(layer, input.Height), Windows(layer, input.Width)),
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
            if (IsLinear(layer) && (input.Height > 1 || input.Width > 1))
                throw new ArgumentException($"Images of {height} × {width} pixels do not fit this network: its classifier gets a map.");
        }
        return shapes;
    }

    /// <summary>Whether it has layers that compute with bytes.</summary>
    internal bool IsQuantized => Layers.Any(layer => layer.IsInt8);

    /// <summary>Whether a value has unsigned bytes in place of floats.</summary>
    internal bool GivesBytes(int value) => value > 0 && Layers[value - 1].GivesBytes;

    /// <summary>The numbers from a pixel of a value to the next one in memory.</summary>
    /// <param name="value">The value; 1 or more.</param>
    /// <param name="channels">Its channels.</param>
    internal int Pitch(int value, int channels) =>
        value == 1 && QuantizesImages
            ? (channels + Int8Kernels.Quad - 1) / Int8Kernels.Quad * Int8Kernels.Quad
            : KernelSet.Channels(channels);

    private static bool IsLinear(Layer layer) => layer.Kind is LayerKind.Linear or LayerKind.Int8Linear;

    // Bytes, and what belongs to them, are for 8-bit layers alone.
    private void CheckBytes(Layer layer, string name)
    {
        bool isInt8 = layer.IsInt8, isQuantize = layer.Kind == LayerKind.Quantize;
        Refuse(layer.Scale != 0 && layer.Kind != LayerKind.Int8Convolution && !isQuantize, $"{name} cannot give bytes");
        Refuse(
            (layer.Scale != 0 || isQuantize) && !(layer.Scale is >= MinimumScale and <= MaximumScale),
            $"{name} has the scale {layer.Scale}, which is not between {MinimumScale} and {MaximumScale}");
        Refuse(
            layer.ZeroPoint is < 0 or > byte.MaxValue || (layer.ZeroPoint != 0 && !layer.GivesBytes),
            $"{name} has the zero point {layer.ZeroPoint}");
        Refuse((layer.WeightScale is not null) != isInt8, $"{name} {(isInt8 ? "lacks" : "cannot have")} scales of weights");
        var (given, needed) = isInt8 ? ("floats", "bytes") : ("bytes", "floats");
        Refuse(GivesBytes(layer.Input) != isInt8, $"{name} reads {given}, but has to read {needed}");
        Refuse(isInt8 && layer.Groups > 1, $"{name} has {layer.Groups} groups, for which there is no kernel");
    }

    // What a kind does not compute may not be asked for.
    private static void RefuseUnused(Layer layer, string name)
    {
        var kind = layer.Kind;
        bool isConvolution = layer.IsConvolution, hasWindow = isConvolution || kind == LayerKind.MaxPool;
        Refuse(layer.Kernel != 1 && !hasWindow, $"{name} cannot have a kernel");
        Refuse(layer.Padding != 0 && !hasWindow, $"{name} cannot have a padding");
        Refuse(
            layer.Stride != 1 && !hasWindow && kind is not (LayerKind.AveragePool or LayerKind.Subsample), $"{name} cannot have a stride");
        Refuse(layer.Dilation != 1 && !isConvolution, $"{name} cannot have a dilation");
        Refuse(layer.Groups != 1 && !isConvolution && kind != LayerKind.GroupNorm, $"{name} cannot have groups");
        Refuse(layer.Relu && !isConvolution && kind != LayerKind.Pointwise, $"{name} cannot have a ReLU");
        Refuse(
            (layer.Weight ?? layer.Bias) is not null && !isConvolution && !IsLinear(layer)
            && kind is not (LayerKind.Pointwise or LayerKind.GroupNorm),
            $"{name} cannot have weights");
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
            case LayerKind.Convolution or LayerKind.Int8Convolution:
                var shape = ShapeOf(layer.Weight);
                Refuse(
                    shape.Count != 4 || shape[0] % layer.Groups != 0 || input % layer.Groups != 0 || shape[1] != input / layer.Groups
                    || shape[2] != layer.Kernel || shape[3] != layer.Kernel,
                    $"{name} has weights [{string.Join(", ", shape)}] for {input} channels");
                Refuse(
                    shape[0] <= MaximumChannels && Grouping.Merged(layer.Groups, (int)shape[0] / layer.Groups) > Grouping.MaximumMerged,
                    $"{name} has {layer.Groups} groups of {shape[0] / layer.Groups} channels, for which there is no kernel");
                CheckScales(shape[0], shape[1] * shape[2] * shape[3]);
                return Vector(layer.Bias, shape[0]);
            case LayerKind.Linear or LayerKind.Int8Linear:
                var matrix = ShapeOf(layer.Weight);
                Refuse(matrix.Count != 2 || matrix[1] != input, $"{name} has weights [{string.Join(", ", matrix)}] for {input} channels");
                CheckScales(matrix[0], matrix[1]);
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
            case LayerKind.MaxPool or LayerKind.Mean or LayerKind.Quantize:
                return input;
            case LayerKind.AveragePool:
                Refuse(layer.Stride > 2, $"{name} has the stride {layer.Stride}");
                return input;
            default:
                throw new FormatException($"{name} is of no known kind");
        }

        void CheckScales(long outputs, long products)
        {
            if (layer.WeightScale is not { } scales) return;
            Refuse(products > Int8Kernels.MaximumProducts, $"{name} has sums of {products} products, more than 32 bits hold");
            Vector(scales, outputs);
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
