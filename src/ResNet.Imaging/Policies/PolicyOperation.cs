using ResNet.Imaging.Color;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Resampling;

namespace ResNet.Imaging.Policies;

/// <summary>The operations that policies draw from, in torchvision's order (<c>torchvision/transforms/autoaugment.py</c>).</summary>
internal enum PolicyOperation
{
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

internal static class PolicyOperations
{
    /// <summary>Applies an operation to an image.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="canvas">The image.</param>
    /// <param name="magnitude">A slope, pixels, degrees, the difference of a factor from 1, bits, or a threshold.</param>
    /// <param name="interpolation">The interpolation of sheared, translated and rotated images.</param>
    /// <param name="fill">The value of pixels beyond the image.</param>
    public static void Apply(this PolicyOperation operation, Canvas canvas, double magnitude, ImageInterpolation interpolation, byte fill)
    {
        switch (operation)
        {
            case PolicyOperation.ShearX:
                Warp(canvas, AffineMatrix.ShearX(magnitude), interpolation, fill);
                break;
            case PolicyOperation.ShearY:
                Warp(canvas, AffineMatrix.ShearY(magnitude), interpolation, fill);
                break;
            case PolicyOperation.TranslateX:
                Warp(canvas, AffineMatrix.Translation((int)magnitude, 0), interpolation, fill);
                break;
            case PolicyOperation.TranslateY:
                Warp(canvas, AffineMatrix.Translation(0, (int)magnitude), interpolation, fill);
                break;
            case PolicyOperation.Rotate:
                Warp(canvas, AffineMatrix.Rotation(magnitude, canvas.Width, canvas.Height), interpolation, fill);
                break;
            case PolicyOperation.Identity:
                break;
            default:
                ChangeValues(operation, canvas, magnitude);
                break;
        }
    }

    private static void Warp(Canvas canvas, AffineMatrix matrix, ImageInterpolation interpolation, byte fill)
    {
        int width = canvas.Width, height = canvas.Height;
        var pixels = canvas.Pixels();
        new AffineWarp(width, height, canvas.Channels).Apply(pixels, canvas.Spare(width, height), matrix, interpolation, fill);
        canvas.TakeSpare(width, height);
    }

    private static void ChangeValues(PolicyOperation operation, Canvas canvas, double magnitude)
    {
        var pixels = canvas.Pixels();
        float factor = (float)(1.0 + magnitude);
        switch (operation)
        {
            case PolicyOperation.Brightness:
                ColorOperations.Brightness(pixels, factor);
                break;
            case PolicyOperation.Color:
                ColorOperations.Saturation(pixels, canvas.Channels, factor, canvas.Spare(canvas.Width, canvas.Height));
                break;
            case PolicyOperation.Contrast:
                ColorOperations.Contrast(pixels, canvas.Channels, factor);
                break;
            case PolicyOperation.Sharpness:
                Smoothing.Sharpness(pixels, canvas.Width, canvas.Channels, factor, canvas.Spare(canvas.Width, canvas.Height));
                break;
            case PolicyOperation.Posterize:
                ToneOperations.Posterize(pixels, (int)magnitude);
                break;
            case PolicyOperation.Solarize:
                ToneOperations.Solarize(pixels, magnitude);
                break;
            case PolicyOperation.AutoContrast:
                ToneOperations.AutoContrast(pixels, canvas.Channels);
                break;
            case PolicyOperation.Equalize:
                ToneOperations.Equalize(pixels, canvas.Channels);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation, "There is no such operation.");
        }
    }
}
