using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>
/// Resizes a random part of an image, of a random area and aspect ratio, to one size (Szegedy et al. 2014, "Going Deeper
/// with Convolutions", https://arxiv.org/abs/1409.4842).
/// </summary>
/// <remarks>
/// As in torchvision (<c>torchvision/transforms/transforms.py</c>), the area is uniform and the ratio log-uniform; where none of
/// ten draws fits, the part is the largest central one of an allowed ratio.
/// </remarks>
public sealed record RandomResizedCrop : Transform
{
    private const int Attempts = 10;

    /// <summary>Crops and resizes to a size.</summary>
    /// <param name="size">Height and width, or one number for both; at least 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="size"/> is less than 1 × 1.</exception>
    public RandomResizedCrop(ImageSize size) => Size = Require.Positive(this, size, nameof(Size));

    /// <summary>Height and width afterwards.</summary>
    public ImageSize Size { get; }

    /// <summary>Least and greatest part of the image's area, more than 0 and at most 1. Default: 0.08 to 1.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Scale
    {
        get;
        init => field = Require.Range(this, value, 1);
    } = (0.08, 1);

    /// <summary>Least and greatest width divided by height, more than 0. Default: 3/4 to 4/3.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Ratio
    {
        get;
        init => field = Require.Range(this, value, double.MaxValue);
    } = (3.0 / 4, 4.0 / 3);

    /// <summary>The interpolation. Default: bilinear.</summary>
    /// <exception cref="InvalidOptionException">The value is neither bilinear nor bicubic.</exception>
    public ImageInterpolation Interpolation
    {
        get;
        init => field = Require.BilinearOrBicubic(this, value);
    }

    internal override bool IsRandom => true;

    internal override ImageSize? SizeAfter(ImageSize? before) => Size;

    internal override Transform Scaled(Func<int, int> side) => new RandomResizedCrop(Size.Scaled(side))
    {
        Scale = Scale,
        Ratio = Ratio,
        Interpolation = Interpolation,
    };

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        canvas.Crop(Draw(canvas.Width, canvas.Height, ref random));
        canvas.Resize(Size.Width, Size.Height, Interpolation);
    }

    /// <summary>Draws the part for an image of a size.</summary>
    internal Imaging.Area Draw(int width, int height, ref SplitMix64 random)
    {
        for (int i = 0; i < Attempts; i++)
        {
            double area = (double)width * height * random.NextDouble(Scale.Minimum, Scale.Maximum);
            double ratio = Math.Exp(random.NextDouble(Math.Log(Ratio.Minimum), Math.Log(Ratio.Maximum)));
            int w = (int)Math.Round(Math.Sqrt(area * ratio));
            int h = (int)Math.Round(Math.Sqrt(area / ratio));
            if (w < 1 || h < 1 || w > width || h > height) continue;
            int top = random.NextInt(height - h + 1);
            return new(random.NextInt(width - w + 1), top, w, h);
        }
        return LargestCentral(width, height);
    }

    // For very long images, where no draw fits.
    private Imaging.Area LargestCentral(int width, int height)
    {
        double ratio = (double)width / height;
        int w = ratio > Ratio.Maximum ? (int)Math.Round(height * Ratio.Maximum) : width;
        int h = ratio < Ratio.Minimum ? (int)Math.Round(width / Ratio.Minimum) : height;
        return new((width - w) / 2, (height - h) / 2, w, h);
    }
}
