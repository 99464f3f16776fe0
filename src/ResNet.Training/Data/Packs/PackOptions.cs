namespace ResNet.Training.Data.Packs;

/// <summary>The options of packing. A bad value is refused when it is set.</summary>
public sealed record PackOptions
{
    /// <summary>
    /// Length in pixels to which the shorter side of larger images is reduced, bilinearly and with antialiasing, at least 1; smaller
    /// images stay as they are. Default: null, no image is resized, and training uses the exact pixels of the files.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int? ShorterSide
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>3 for colour, 1 for grey; pictures of the other kind are converted. Default: 3.</summary>
    /// <exception cref="InvalidOptionException">The value is neither 1 nor 3.</exception>
    public int Channels
    {
        get;
        init => field = Require.Channels(this, value);
    } = 3;

    /// <summary>The number of decoding threads, at least 1. Default: one per processor. The file does not depend on it.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Environment.ProcessorCount;

    /// <summary>
    /// The treatment of images that cannot be read; a skipped one is not in the pack. Default: <see cref="OnUnreadableImage.Fail"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="Data.OnUnreadableImage"/>.</exception>
    public OnUnreadableImage OnUnreadableImage
    {
        get;
        init => field = Require.Defined(this, value);
    }
}
