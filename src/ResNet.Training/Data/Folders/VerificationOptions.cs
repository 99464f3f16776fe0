namespace ResNet.Training.Data.Folders;

/// <summary>How the images of a folder are checked. A bad value is refused when it is set.</summary>
public sealed record VerificationOptions
{
    /// <summary>An image with fewer pixels than this in width or height is too small; at least 1. Default: 1, no image is.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int MinimumSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>Threads that decode, at least 1. Default: one a processor. The report is the same whatever their number.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Environment.ProcessorCount;
}
