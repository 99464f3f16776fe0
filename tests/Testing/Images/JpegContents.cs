namespace ResNet.Testing;

/// <summary>The kinds of coefficients in a test's JPEG file.</summary>
public enum JpegContents
{
    /// <summary>Few coefficients, as in photographs.</summary>
    Photograph,

    /// <summary>All coefficients, as large as with pixels of 8 bits.</summary>
    Noise,

    /// <summary>Mostly blocks of a single colour.</summary>
    Flat,

    /// <summary>The largest coefficients and quantization that the format can represent.</summary>
    Extreme,
}
