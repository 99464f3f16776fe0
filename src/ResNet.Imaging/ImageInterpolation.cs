namespace ResNet.Imaging;

/// <summary>How pixels are computed when an image is resized, as Pillow does it.</summary>
public enum ImageInterpolation
{
    /// <summary>Linear in both directions, over as many pixels as one of the smaller image covers.</summary>
    Bilinear,

    /// <summary>Keys' cubic convolution with a = -0.5 in both directions, over as many pixels as four of the smaller image cover.</summary>
    Bicubic,

    /// <summary>The pixel whose centre is nearest, unfiltered.</summary>
    Nearest,
}
