namespace ResNet.Core.Weights;

/// <summary>How pixels are computed when an image is resized.</summary>
public enum ImageInterpolation
{
    /// <summary>Linear in both directions, over as many pixels as one of the smaller image covers, as Pillow does it.</summary>
    Bilinear,
}
