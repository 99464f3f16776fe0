using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>
/// Resizes an image with antialiasing: its shorter side to a length, with its proportions kept, or to a height and width.
/// </summary>
/// <remarks>
/// The longer side is rounded down. The pixels are those of torchvision's <c>Resize</c> of Pillow images
/// (<c>torchvision/transforms/functional.py</c>), to the bit.
/// </remarks>
public sealed record Resize : Transform
{
    private readonly ImageSize? _size;
    private readonly int _shorterSide;

    /// <summary>Resizes the shorter side.</summary>
    /// <param name="shorterSide">Its length in pixels afterwards, at least 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="shorterSide"/> is less than 1.</exception>
    public Resize(int shorterSide) => _shorterSide = Require.AtLeast(this, shorterSide, 1, nameof(ShorterSide));

    /// <summary>Resizes to a height and width, with any proportions.</summary>
    /// <param name="size">Height and width afterwards, at least 1 × 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="size"/> is less than 1 × 1.</exception>
    public Resize(ImageSize size) => _size = Require.Positive(this, size, nameof(Size));

    /// <summary>The shorter side's length afterwards, in pixels; null where <see cref="Size"/> is given.</summary>
    public int? ShorterSide => _size is null ? _shorterSide : null;

    /// <summary>Height and width afterwards; null where the proportions are kept.</summary>
    public ImageSize? Size => _size;

    /// <summary>The interpolation. Default: bilinear.</summary>
    /// <exception cref="InvalidOptionException">The value is neither bilinear nor bicubic.</exception>
    public ImageInterpolation Interpolation
    {
        get;
        init => field = Require.BilinearOrBicubic(this, value);
    }

    internal override ImageSize? SizeAfter(ImageSize? before) => _size ?? (before is { } size ? After(size) : null);

    internal override Transform Scaled(Func<int, int> side) => _size is { } size
        ? new Resize(size.Scaled(side)) { Interpolation = Interpolation }
        : new Resize(side(_shorterSide)) { Interpolation = Interpolation };

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        var (height, width) = _size ?? After(new(canvas.Height, canvas.Width));
        canvas.Resize(width, height, Interpolation);
    }

    private ImageSize After(ImageSize size) => size.Width <= size.Height
        ? new(Longer(size.Height, size.Width), _shorterSide)
        : new(_shorterSide, Longer(size.Width, size.Height));

    private int Longer(int longer, int shorter) => (int)((long)_shorterSide * longer / shorter);
}
