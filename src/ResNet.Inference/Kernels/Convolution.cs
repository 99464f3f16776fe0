namespace ResNet.Inference.Kernels;

/// <summary>A convolution with the addresses of all that it reads and writes.</summary>
internal readonly unsafe record struct Convolution
{
    internal required Geometry Geometry { get; init; }

    /// <summary>The input.</summary>
    internal required nint Input { get; init; }

    /// <summary>The output.</summary>
    internal required nint Output { get; init; }

    /// <summary>As many zeros as a pixel of the input has channels: what a tap outside of the map reads.</summary>
    internal required nint Zeros { get; init; }

    /// <summary>The input channels of a tap, in a group.</summary>
    internal required int Depth { get; init; }

    /// <summary>The weights, in panels.</summary>
    internal required nint Weights { get; init; }

    internal required Panel[] Panels { get; init; }

    internal required Epilogue Epilogue { get; init; }

    /// <summary>The address of a pixel of the input; of zeros, if it lies outside.</summary>
    internal float* Pixel(int image, int y, int x)
    {
        var g = Geometry;
        return (uint)y < (uint)g.Height && (uint)x < (uint)g.Width
            ? (float*)Input + ((((long)image * g.Height) + y) * g.Width + x) * g.Pitch
            : (float*)Zeros;
    }
}
