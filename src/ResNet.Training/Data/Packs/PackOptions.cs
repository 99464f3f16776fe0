using ResNet.Imaging;

namespace ResNet.Training.Data.Packs;

/// <summary>How images are packed. A bad value is refused when it is set.</summary>
public sealed record PackOptions
{
    /// <summary>
    /// Length in pixels to which the shorter side of larger images is reduced, bilinearly and with antialiasing, at least 1; smaller
    /// images stay as they are. Default: null, no image is resized, and training sees the very pixels that the files hold.
    /// </summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int? ShorterSide
    {
        get;
        init => field = value is null or >= 1
            ? value
            : throw new ArgumentException($"{nameof(PackOptions)}.{nameof(ShorterSide)} is {value}, but has to be at least 1, or null to leave the size.", nameof(ShorterSide));
    }

    /// <summary>3 for colour, 1 for grey; pictures of the other kind are converted. Default: 3.</summary>
    /// <exception cref="ArgumentException">The value is neither 1 nor 3.</exception>
    public int Channels
    {
        get;
        init => field = Require.Channels(value, $"{nameof(PackOptions)}.{nameof(Channels)}");
    } = 3;

    /// <summary>Threads that decode, at least 1. Default: one a processor. The file is the same whatever their number.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(value, 1, $"{nameof(PackOptions)}.{nameof(Workers)}");
    } = Environment.ProcessorCount;

    /// <summary>What happens when an image cannot be read; one that is skipped is not in the pack. Default: <see cref="OnUnreadableImage.Fail"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="Data.OnUnreadableImage"/>.</exception>
    public OnUnreadableImage OnUnreadableImage
    {
        get;
        init => field = Require.Defined(value, $"{nameof(PackOptions)}.{nameof(OnUnreadableImage)}");
    }
}
