using System.Runtime.CompilerServices;

namespace ResNet.Inference.Kernels.Int8;

/// <summary>A convolution of bytes with the addresses of all that it reads and writes.</summary>
internal readonly unsafe record struct Int8Convolution
{
    internal required Geometry Geometry { get; init; }

    /// <summary>The input: unsigned bytes.</summary>
    internal required nint Input { get; init; }

    /// <summary>The output: bytes, or floats (<see cref="Int8Epilogue.GivesFloats"/>).</summary>
    internal required nint Output { get; init; }

    /// <summary>A pixel of the input's zero points: what a tap outside of the map reads.</summary>
    internal required nint Zeros { get; init; }

    /// <summary>The input channels of a tap, a multiple of four.</summary>
    internal required int Depth { get; init; }

    /// <summary>The weights, in panels.</summary>
    internal required nint Weights { get; init; }

    /// <summary>The panels, with their places in <see cref="Weights"/> in bytes.</summary>
    internal required Panel[] Panels { get; init; }

    internal required Int8Epilogue Epilogue { get; init; }

    /// <summary>The address of a pixel of the input; of zero points, if it lies outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* Pixel(int image, int y, int x)
    {
        int height = Geometry.Height, width = Geometry.Width;
        return (uint)y < (uint)height && (uint)x < (uint)width
            ? (byte*)Input + ((((((long)image * height) + y) * width) + x) * Geometry.Pitch)
            : (byte*)Zeros;
    }
}
