namespace ResNet.Inference.Kernels;

/// <summary>
/// The places that a convolution or a pooling reads and writes: maps <c>[N, H, W, C]</c>, whose pixels may be farther apart than
/// their channels need.
/// </summary>
internal readonly record struct Geometry
{
    /// <summary>Images.</summary>
    internal required int Images { get; init; }

    /// <summary>Rows of the input.</summary>
    internal required int Height { get; init; }

    /// <summary>Pixels of a row of the input.</summary>
    internal required int Width { get; init; }

    /// <summary>Floats from one pixel of the input to the next.</summary>
    internal required int Pitch { get; init; }

    /// <summary>Rows of the output.</summary>
    internal required int OutputHeight { get; init; }

    /// <summary>Pixels of a row of the output.</summary>
    internal required int OutputWidth { get; init; }

    /// <summary>Floats from one pixel of the output to the next.</summary>
    internal required int OutputPitch { get; init; }

    /// <summary>Rows of the kernel.</summary>
    internal int KernelHeight { get; init; } = 1;

    /// <summary>Taps in a row of the kernel.</summary>
    internal int KernelWidth { get; init; } = 1;

    /// <summary>The distance of neighbouring outputs, in pixels of the input.</summary>
    internal int Stride { get; init; } = 1;

    /// <summary>The distance of neighbouring taps, in pixels of the input.</summary>
    internal int Dilation { get; init; } = 1;

    /// <summary>Rows and columns of zeros around the input.</summary>
    internal int Padding { get; init; }

    public Geometry()
    {
    }

    /// <summary>Whether all windows lie on the input.</summary>
    internal bool IsInside => Padding == 0
        && ((OutputHeight - 1) * Stride) + ((KernelHeight - 1) * Dilation) < Height
        && ((OutputWidth - 1) * Stride) + ((KernelWidth - 1) * Dilation) < Width;

    internal int Taps => KernelHeight * KernelWidth;

    /// <summary>Pixels of all outputs.</summary>
    internal int Pixels => checked(Images * OutputHeight * OutputWidth);
}
