using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Crops the centre of an image; a smaller image is padded with black.</summary>
/// <remarks>Offsets are rounded as in torchvision's <c>center_crop</c> (<c>torchvision/transforms/functional.py</c>).</remarks>
public sealed record CenterCrop : Transform
{
    /// <summary>Crops to a size.</summary>
    /// <param name="size">Height and width, or one number for both; at least 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="size"/> is less than 1 × 1.</exception>
    public CenterCrop(ImageSize size) => Size = Require.Positive(this, size, nameof(Size));

    /// <summary>Height and width afterwards.</summary>
    public ImageSize Size { get; }

    internal override ImageSize? SizeAfter(ImageSize? before) => Size;

    internal override Transform Scaled(Func<int, int> side) => new CenterCrop(Size.Scaled(side));

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random) => canvas.Crop(
        new(Start(canvas.Width, Size.Width), Start(canvas.Height, Size.Height), Size.Width, Size.Height), PaddingMode.Constant, fill: 0);

    // Math.Round rounds halves to even, as Python's round does; the padding is half of the difference, rounded down.
    private static int Start(int length, int cropped) => cropped <= length
        ? (int)Math.Round((length - cropped) / 2.0)
        : -((cropped - length) / 2);
}
