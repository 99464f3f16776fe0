namespace ResNet.Imaging.Policies;

/// <summary>The largest magnitudes of a policy's operations; evenly spaced bins lead from none to these.</summary>
internal sealed record PolicySpace
{
    /// <summary>The number of operations.</summary>
    public static int Operations { get; } = Enum.GetValues<PolicyOperation>().Length;

    /// <summary>The magnitudes of torchvision's <c>RandAugment</c>.</summary>
    public static PolicySpace RandAugment { get; } = new()
    {
        Shear = 0.3,
        RelativeTranslation = 150.0 / 331,
        Rotation = 30,
        Factor = 0.9,
        Bits = 4,
    };

    /// <summary>The magnitudes of torchvision's <c>TrivialAugmentWide</c>.</summary>
    public static PolicySpace TrivialAugmentWide { get; } = new()
    {
        Shear = 0.99,
        Translation = 32,
        Rotation = 135,
        Factor = 0.99,
        Bits = 6,
    };

    /// <summary>The slope of a shear.</summary>
    public double Shear { get; private init; }

    /// <summary>The distance of a translation, in pixels.</summary>
    public double Translation { get; private init; }

    /// <summary>The part of the image's width or height that is added to <see cref="Translation"/>.</summary>
    public double RelativeTranslation { get; private init; }

    /// <summary>The angle of a rotation, in degrees.</summary>
    public double Rotation { get; private init; }

    /// <summary>The distance of the factors of brightness, saturation, contrast and sharpness from 1.</summary>
    public double Factor { get; private init; }

    /// <summary>The number of bits, of 8, that posterizing removes.</summary>
    public int Bits { get; private init; }

    /// <summary>Whether the magnitude is negative in half of the draws.</summary>
    public static bool IsSigned(PolicyOperation operation) => operation is >= PolicyOperation.ShearX and <= PolicyOperation.Sharpness;

    /// <summary>Computes an operation's magnitude in one of the bins; 0 for operations without magnitude.</summary>
    public double Magnitude(PolicyOperation operation, int bin, int bins, ImageSize image) => operation switch
    {
        PolicyOperation.ShearX or PolicyOperation.ShearY => Linear(0, Shear, bin, bins),
        PolicyOperation.TranslateX => Linear(0, Translation + (RelativeTranslation * image.Width), bin, bins),
        PolicyOperation.TranslateY => Linear(0, Translation + (RelativeTranslation * image.Height), bin, bins),
        PolicyOperation.Rotate => Linear(0, Rotation, bin, bins),
        PolicyOperation.Brightness or PolicyOperation.Color or PolicyOperation.Contrast or PolicyOperation.Sharpness =>
            Linear(0, Factor, bin, bins),
        PolicyOperation.Posterize => 8 - (int)MathF.Round(bin / ((bins - 1) / (float)Bits)),
        PolicyOperation.Solarize => Linear(255, 0, bin, bins),
        _ => 0,
    };

    // Single precision, from the nearer end, as in torch.linspace; its last bit differs between processors.
    private static double Linear(double from, double to, int bin, int bins)
    {
        float start = (float)from, end = (float)to;
        float step = (end - start) / (bins - 1);
        return bin < bins / 2 ? start + (step * bin) : end - (step * (bins - 1 - bin));
    }
}
