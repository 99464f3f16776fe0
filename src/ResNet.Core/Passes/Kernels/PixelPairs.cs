namespace ResNet.Core.Passes.Kernels;

/// <summary>Pixels of a convolution's output, and for each the pixel of the input that one tap of the kernel lies on.</summary>
internal readonly unsafe struct PixelPairs
{
    /// <summary>The images.</summary>
    internal required int Images { get; init; }

    /// <summary>The rows of an image.</summary>
    internal required int Rows { get; init; }

    /// <summary>The pixels of a row.</summary>
    internal required int Pixels { get; init; }

    /// <summary>The first pixel of the input.</summary>
    internal required float* Input { get; init; }

    /// <summary>The floats from one pixel of the input to the next.</summary>
    internal required nint InputPixel { get; init; }

    /// <summary>The floats from one row of the input to the next.</summary>
    internal required nint InputRow { get; init; }

    /// <summary>The floats from one image of the input to the next.</summary>
    internal required nint InputImage { get; init; }

    /// <summary>The first pixel of the output's gradient.</summary>
    internal required float* Gradient { get; init; }

    /// <summary>The floats from one pixel of the gradient to the next.</summary>
    internal required nint GradientPixel { get; init; }

    /// <summary>The floats from one row of the gradient to the next.</summary>
    internal required nint GradientRow { get; init; }

    /// <summary>The floats from one image of the gradient to the next.</summary>
    internal required nint GradientImage { get; init; }
}
