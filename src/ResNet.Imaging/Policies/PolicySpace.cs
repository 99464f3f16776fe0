namespace ResNet.Imaging.Policies;

/// <summary>How strong the operations of a policy are at most; between none and that lie evenly spaced bins.</summary>
internal sealed record PolicySpace
{
    /// <summary>How many operations there are to choose from.</summary>
    public static int Operations { get; } = Enum.GetValues<PolicyOperation>().Length;

    /// <summary>Of torchvision's <c>RandAugment</c>.</summary>
    public static PolicySpace RandAugment { get; } = new() { Shear = 0.3, RelativeTranslation = 150.0 / 331, Rotation = 30, Factor = 0.9, Bits = 4 };

    /// <summary>Of torchvision's <c>TrivialAugmentWide</c>.</summary>
    public static PolicySpace TrivialAugmentWide { get; } = new() { Shear = 0.99, Translation = 32, Rotation = 135, Factor = 0.99, Bits = 6 };

    /// <summary>The slope.</summary>
    public double Shear { get; private init; }

    /// <summary>In pixels.</summary>
    public double Translation { get; private init; }

    /// <summary>A part of the image's width or height that is added to <see cref="Translation"/>.</summary>
    public double RelativeTranslation { get; private init; }

    /// <summary>In degrees.</summary>
    public double Rotation { get; private init; }

    /// <summary>How far brightness, saturation, contrast and sharpness get from a factor of 1.</summary>
    public double Factor { get; private init; }

    /// <summary>How many of the 8 bits are lost.</summary>
    public int Bits { get; private init; }

    /// <summary>Whether the operation's magnitude is as often negative.</summary>
    public static bool IsSigned(PolicyOperation operation) => operation is >= PolicyOperation.ShearX and <= PolicyOperation.Sharpness;

    /// <summary>The operation's magnitude in one of the bins; 0 for operations that have none.</summary>
    public double Magnitude(PolicyOperation operation, int bin, int bins, ImageSize image) => operation switch
    {
        PolicyOperation.ShearX or PolicyOperation.ShearY => Linear(0, Shear, bin, bins),
        PolicyOperation.TranslateX => Linear(0, Translation + (RelativeTranslation * image.Width), bin, bins),
        PolicyOperation.TranslateY => Linear(0, Translation + (RelativeTranslation * image.Height), bin, bins),
        PolicyOperation.Rotate => Linear(0, Rotation, bin, bins),
        PolicyOperation.Brightness or PolicyOperation.Color or PolicyOperation.Contrast or PolicyOperation.Sharpness => Linear(0, Factor, bin, bins),
        PolicyOperation.Posterize => 8 - (int)MathF.Round(bin / ((bins - 1) / (float)Bits)),
        PolicyOperation.Solarize => Linear(255, 0, bin, bins),
        _ => 0,
    };

    // In single precision and from the nearer end, as torch.linspace; its last bit differs from processor to processor.
    private static double Linear(double from, double to, int bin, int bins)
    {
        float start = (float)from, end = (float)to;
        float step = (end - start) / (bins - 1);
        return bin < bins / 2 ? start + (step * bin) : end - (step * (bins - 1 - bin));
    }
}
