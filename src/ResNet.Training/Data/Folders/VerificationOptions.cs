namespace ResNet.Training.Data.Folders;

/// <summary>The options of a check of a folder's images. A bad value is refused when it is set.</summary>
public sealed record VerificationOptions
{
    /// <summary>The minimum width and height in pixels; smaller images are reported. At least 1. Default: 1, no minimum.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int MinimumSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>The number of decoding threads, at least 1. Default: one per processor. The report does not depend on it.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Environment.ProcessorCount;
}
