using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>One step of what is done to an image before a network sees it; several make a <see cref="Compose"/>.</summary>
/// <remarks>
/// Each has the name, the defaults and the distribution of torchvision's transform of Pillow images, and gives the same
/// pixels. Its random numbers come from the loader's seed, the epoch and the image's index alone.
/// </remarks>
public abstract record Transform
{
    private protected Transform()
    {
    }

    /// <summary>Does the step.</summary>
    internal abstract void ApplyTo(Canvas canvas, ref SplitMix64 random);

    /// <summary>Refuses images with a number of channels that the step is not made for.</summary>
    /// <exception cref="ArgumentException">It is not made for this number.</exception>
    internal virtual void RequireChannels(int channels)
    {
    }

    /// <summary>Whether the step is done to tensors, after all steps on pixels.</summary>
    internal virtual bool WorksOnTensors => false;

    /// <summary>Whether what becomes of an image is left to chance.</summary>
    internal virtual bool IsRandom => false;

    /// <summary>What size the step leaves an image of this size in; null where images come in different sizes.</summary>
    internal virtual ImageSize? SizeAfter(ImageSize? before) => before;

    /// <summary>The same for images of another size, where it sets sizes.</summary>
    /// <param name="side">Gives the new length of a side.</param>
    internal virtual Transform Scaled(Func<int, int> side) => this;
}
