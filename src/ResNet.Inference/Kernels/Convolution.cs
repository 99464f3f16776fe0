using System.Runtime.CompilerServices;

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal float* Pixel(int image, int y, int x)
    {
        int height = Geometry.Height, width = Geometry.Width;
        return (uint)y < (uint)height && (uint)x < (uint)width
            ? (float*)Input + ((((((long)image * height) + y) * width) + x) * Geometry.Pitch)
            : (float*)Zeros;
    }
}
