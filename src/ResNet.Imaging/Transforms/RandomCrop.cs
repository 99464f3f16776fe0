using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Pads an image and crops it at a random place.</summary>
/// <remarks>
/// As torchvision's <c>RandomCrop</c>, except with <see cref="Padding"/>, <see cref="PadIfNeeded"/> and a mirroring
/// <see cref="PaddingMode"/> together: torchvision gives an image that is still too small a second border, which mirrors the
/// padded image. Here one border, as wide as both, mirrors the image alone.
/// </remarks>
public sealed record RandomCrop : Transform
{
    // An image has at most ImageDecoder.MaxPixels, which is less: its length with two such borders does not overflow.
    private const int MostPadding = 1 << 28;

    /// <summary>Crops to a size.</summary>
    /// <param name="size">Height and width, or one number for both; at least 1.</param>
    /// <param name="padding">The width of the border on all four sides, in pixels, from 0 to 2²⁸.</param>
    /// <exception cref="InvalidOptionException">
    /// <paramref name="size"/> is less than 1 × 1, or <paramref name="padding"/> is outside its range.
    /// </exception>
    public RandomCrop(ImageSize size, int padding = 0) =>
        (Size, Padding) = (Require.Positive(this, size, nameof(Size)), Require.Between(this, padding, 0, MostPadding, nameof(Padding)));

    /// <summary>Height and width afterwards.</summary>
    public ImageSize Size { get; }

    /// <summary>Width of the border on each side, in pixels.</summary>
    public int Padding { get; }

    /// <summary>The value of the border's pixels, 0 to 255, with <see cref="PaddingMode.Constant"/>. Default: 0, black.</summary>
    public byte Fill { get; init; }

    /// <summary>The values of the border. Default: <see cref="PaddingMode.Constant"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="Imaging.PaddingMode"/>.</exception>
    public PaddingMode PaddingMode
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>
    /// Whether a padded image that is still smaller than the crop gets a wider border, on both sides by as much as is missing;
    /// otherwise it is an error. Default: false.
    /// </summary>
    public bool PadIfNeeded { get; init; }

    internal override bool IsRandom => true;

    internal override ImageSize? SizeAfter(ImageSize? before) => Size;

    internal override Transform Scaled(Func<int, int> side) => new RandomCrop(Size.Scaled(side), side(Padding))
    {
        Fill = Fill,
        PaddingMode = PaddingMode,
        PadIfNeeded = PadIfNeeded,
    };

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        int top = Draw(canvas.Height, Size.Height, ref random);
        int left = Draw(canvas.Width, Size.Width, ref random);
        canvas.Crop(new(left, top, Size.Width, Size.Height), PaddingMode, Fill);
    }

    /// <summary>Draws the start of the crop, in pixels of the image without its border.</summary>
    internal int Draw(int length, int cropped, ref SplitMix64 random)
    {
        int border = Padding, padded = length + (2 * Padding);
        if (padded < cropped)
        {
            if (!PadIfNeeded)
            {
                throw new TransformException(
                    $"it is {length} pixels high or wide, with {Padding} more on each side, and RandomCrop cuts {cropped} out of it; "
                    + "set Padding or PadIfNeeded, or resize first");
            }
            border += cropped - padded;
            padded = length + (2 * border);
        }
        return random.NextInt(padded - cropped + 1) - border;
    }
}
