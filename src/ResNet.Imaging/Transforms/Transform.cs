using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>One step that prepares an image for a network; several make a <see cref="Compose"/>.</summary>
/// <remarks>
/// Each step has the name, defaults, distributions and pixels of torchvision's transform of Pillow images. Its random numbers
/// depend on the loader's seed, the epoch and the image's index alone.
/// </remarks>
public abstract record Transform
{
    private protected Transform()
    {
    }

    /// <summary>Applies the step.</summary>
    internal abstract void ApplyTo(Canvas canvas, ref SplitMix64 random);

    /// <summary>Throws if the step does not support a number of channels.</summary>
    /// <exception cref="ArgumentException">The step does not support the number.</exception>
    internal virtual void RequireChannels(int channels)
    {
    }

    /// <summary>Whether the step works on tensors, after all steps on pixels.</summary>
    internal virtual bool WorksOnTensors => false;

    /// <summary>Whether the result is random.</summary>
    internal virtual bool IsRandom => false;

    /// <summary>Computes the size of images after the step; null for images of different sizes.</summary>
    internal virtual ImageSize? SizeAfter(ImageSize? before) => before;

    /// <summary>Makes the same step with all lengths scaled.</summary>
    /// <param name="side">Computes the new length of a side.</param>
    internal virtual Transform Scaled(Func<int, int> side) => this;
}
