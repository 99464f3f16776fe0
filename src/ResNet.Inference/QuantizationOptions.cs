namespace ResNet.Inference;

/// <summary>
/// Which layers of a network compute with 8-bit integers, besides its other convolutions. These two are few of the products, so they
/// compute with floats by default.
/// </summary>
public sealed record QuantizationOptions
{
    /// <summary>Whether the first convolution does, which reads the images; by default it does not.</summary>
    public bool FirstConvolution { get; init; }

    /// <summary>Whether the classifier does, which computes the scores; by default it does not.</summary>
    public bool Classifier { get; init; }
}
