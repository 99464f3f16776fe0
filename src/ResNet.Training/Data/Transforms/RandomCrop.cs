namespace ResNet.Training.Data.Transforms;

/// <summary>Cuts a rectangle out of an image at a random place, after adding a border.</summary>
public sealed record RandomCrop : Transform
{
    /// <summary>Cuts out a rectangle.</summary>
    /// <param name="size">Height and width, or one number for both; at least 1.</param>
    /// <param name="padding">Width of the border that is added on all four sides, in pixels, at least 0.</param>
    /// <exception cref="ArgumentException"><paramref name="size"/> is less than 1 × 1, or <paramref name="padding"/> is negative.</exception>
    public RandomCrop(ImageSize size, int padding = 0) =>
        (Size, Padding) = (Require.Positive(size, nameof(RandomCrop)), Require.AtLeast(padding, 0, "RandomCrop.Padding"));

    /// <summary>Height and width afterwards.</summary>
    public ImageSize Size { get; }

    /// <summary>Width of the border on each side, in pixels.</summary>
    public int Padding { get; }

    /// <summary>The value of the border's pixels, 0 to 255, with <see cref="PaddingMode.Constant"/>. Default: 0, black.</summary>
    public byte Fill { get; init; }

    /// <summary>What the border is made of. Default: <see cref="PaddingMode.Constant"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="Transforms.PaddingMode"/>.</exception>
    public PaddingMode PaddingMode
    {
        get;
        init => field = Require.Defined(value, "RandomCrop.PaddingMode", Enum.GetValues<PaddingMode>());
    }

    /// <summary>
    /// Whether an image that is smaller than the crop even so gets a wider border, on both sides as much as it lacks; otherwise
    /// it is an error. Default: false.
    /// </summary>
    public bool PadIfNeeded { get; init; }

    internal override bool IsRandom => true;

    internal override ImageSize? SizeAfter(ImageSize? before) => Size;

    internal override void Apply(Canvas canvas, ref SplitMix64 random)
    {
        int top = Draw(canvas.Height, Size.Height, ref random);
        int left = Draw(canvas.Width, Size.Width, ref random);
        canvas.Crop(new(left, top, Size.Width, Size.Height), PaddingMode, Fill);
    }

    /// <summary>Where the crop starts, in pixels of the image without its border.</summary>
    internal int Draw(int length, int cropped, ref SplitMix64 random)
    {
        int border = Padding, padded = length + (2 * Padding);
        if (padded < cropped)
        {
            if (!PadIfNeeded)
                throw new TransformException($"it is {length} pixels high or wide, with {Padding} more on each side, and RandomCrop cuts {cropped} out of it; set Padding or PadIfNeeded, or resize first");
            border += cropped - padded;
            padded = length + (2 * border);
        }
        return random.NextInt(padded - cropped + 1) - border;
    }
}
