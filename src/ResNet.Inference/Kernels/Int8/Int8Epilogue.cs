namespace ResNet.Inference.Kernels.Int8;

/// <summary>
/// The way from a convolution's sums of integers to its output: <c>sum · factor + bias + (added - zero) · factor</c>, with ReLU, then
/// rounded to bytes. All numbers are in units of the output's scale.
/// </summary>
internal readonly unsafe record struct Int8Epilogue
{
    /// <summary>An integer for each output channel that the sum begins with: for the zero point of the input.</summary>
    internal required nint Start { get; init; }

    /// <summary>A float for each output channel.</summary>
    internal required nint Factor { get; init; }

    /// <summary>A float for each output channel.</summary>
    internal required nint Bias { get; init; }

    /// <summary>A map of the output's shape that is added; null for none.</summary>
    internal nint Add { get; init; }

    /// <summary>Whether the added map has floats in place of bytes.</summary>
    internal bool AddsFloats { get; init; }

    /// <summary>The zero point of added bytes; 0 for floats.</summary>
    internal float AddZero { get; init; }

    /// <summary>The factor of the added map.</summary>
    internal float AddFactor { get; init; }

    /// <summary>Whether negative numbers become 0.</summary>
    internal bool Relu { get; init; }

    /// <summary>Whether the output are floats in place of bytes.</summary>
    internal bool GivesFloats { get; init; }

    /// <summary>The zero point of bytes of the output.</summary>
    internal float Zero { get; init; }
}
