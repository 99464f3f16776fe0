namespace ResNet.Inference.Plans;

/// <summary>A layer of a plan: a function of one or two earlier values. Value 0 is the images; layer i computes value i + 1.</summary>
internal sealed record Layer
{
    /// <summary>What it computes.</summary>
    internal required LayerKind Kind { get; init; }

    /// <summary>The value that it reads.</summary>
    internal required int Input { get; init; }

    /// <summary>A value that is added; null for none.</summary>
    internal int? Add { get; init; }

    /// <summary>Whether negative numbers become 0 at the end.</summary>
    internal bool Relu { get; init; }

    /// <summary>The name of the tensor with its weights or scales; null for none.</summary>
    internal string? Weight { get; init; }

    /// <summary>The name of the tensor with its bias or shifts; null for zeros.</summary>
    internal string? Bias { get; init; }

    /// <summary>The side of its kernel or window, in pixels.</summary>
    internal int Kernel { get; init; } = 1;

    /// <summary>The distance of neighbouring outputs, in pixels of the input.</summary>
    internal int Stride { get; init; } = 1;

    /// <summary>Rows and columns of zeros around the input.</summary>
    internal int Padding { get; init; }

    /// <summary>The distance of neighbouring taps of the kernel, in pixels.</summary>
    internal int Dilation { get; init; } = 1;

    /// <summary>The groups of a convolution or a group norm.</summary>
    internal int Groups { get; init; } = 1;

    /// <summary>Channels of zeros before the input's.</summary>
    internal int Before { get; init; }

    /// <summary>Channels of zeros after the input's.</summary>
    internal int After { get; init; }

    /// <summary>The number that a group norm adds to the variance.</summary>
    internal float Epsilon { get; init; }

    /// <summary>The name of the tensor with the scale of each output channel's 8-bit weights; null for none.</summary>
    internal string? WeightScale { get; init; }

    /// <summary>The difference of the numbers that neighbouring bytes of the output stand for; 0 if the output are floats.</summary>
    internal float Scale { get; init; }

    /// <summary>The byte of the output that stands for 0.</summary>
    internal int ZeroPoint { get; init; }

    /// <summary>The names of its tensors.</summary>
    internal IEnumerable<string> Tensors => new[] { Weight, Bias, WeightScale }.OfType<string>();

    /// <summary>Whether the output are unsigned bytes in place of floats.</summary>
    internal bool GivesBytes => Scale != 0;

    /// <summary>Whether it multiplies bytes with weights of 7 bits.</summary>
    internal bool IsInt8 => Kind is LayerKind.Int8Convolution or LayerKind.Int8Linear;

    /// <summary>Whether it has a kernel that it multiplies with pixels.</summary>
    internal bool IsConvolution => Kind is LayerKind.Convolution or LayerKind.Int8Convolution;
}
