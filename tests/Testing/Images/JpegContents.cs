namespace ResNet.Testing;

/// <summary>What coefficients a test's JPEG file has.</summary>
public enum JpegContents
{
    /// <summary>Few coefficients, as photographs have them.</summary>
    Photograph,

    /// <summary>All coefficients, as large as 8 bits make them.</summary>
    Noise,

    /// <summary>Mostly one colour a block.</summary>
    Flat,

    /// <summary>Coefficients and quantization as large as they can be written.</summary>
    Extreme,
}
