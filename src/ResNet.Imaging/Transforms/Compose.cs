using System.Collections;
using System.Reflection;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>The steps that prepare each image for a network.</summary>
/// <remarks>
/// Steps on pixels come first, then <see cref="Normalize"/>, then <see cref="RandomErasing"/>; without <see cref="Normalize"/>
/// pixels become numbers from 0 to 1. The steps have to leave all images in one size.
/// </remarks>
public sealed class Compose : IReadOnlyList<Transform>
{
    private readonly Transform[] _transforms;

    /// <summary>Combines steps.</summary>
    /// <param name="transforms">The steps in their order.</param>
    /// <exception cref="ArgumentException">The steps leave images in different sizes, or their order is impossible.</exception>
    public Compose(params IEnumerable<Transform> transforms)
    {
        ArgumentNullException.ThrowIfNull(transforms);
        _transforms = [.. transforms];
        if (Array.Exists(_transforms, transform => transform is null))
            throw new ArgumentException("One of the transforms is null.", nameof(transforms));
        ThrowIfMisordered();
        Size = _transforms.Aggregate((ImageSize?)null, (size, transform) => transform.SizeAfter(size))
            ?? throw new ArgumentException(
                "The transforms leave images in different sizes: "
                + "add CenterCrop, RandomCrop or RandomResizedCrop, or a Resize to a height and width.",
                nameof(transforms));
        Normalize = _transforms.OfType<Normalize>().FirstOrDefault();
    }

    /// <summary>Height and width of the images afterwards.</summary>
    public ImageSize Size { get; }

    /// <summary>The step that normalises; null for none.</summary>
    public Normalize? Normalize { get; }

    /// <summary>Whether the result differs from pass to pass.</summary>
    public bool IsRandom => Array.Exists(_transforms, transform => transform.IsRandom);

    /// <summary>All steps with all of their properties, the same in every language.</summary>
    internal string Description => string.Join(", ", _transforms.Select(Describe));

    /// <summary>The number of steps.</summary>
    public int Count => _transforms.Length;

    /// <summary>Gets a step.</summary>
    /// <param name="index">The index of the step, from 0.</param>
    public Transform this[int index] => _transforms[index];

    /// <summary>Enumerates the steps in their order.</summary>
    public IEnumerator<Transform> GetEnumerator() => ((IEnumerable<Transform>)_transforms).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Applies the steps on pixels to an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="destination">Receives <c>[Size.Height, Size.Width, image.Channels]</c>, and has exactly that length.</param>
    /// <param name="seed">The seed of the random numbers.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="destination"/> has another length, or a step does not suit this image.
    /// </exception>
    public void Apply(DecodedImage image, Span<byte> destination, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(image);
        long length = (long)Size.Height * Size.Width * image.Channels;
        if (destination.Length != length)
        {
            throw new ArgumentException(
                $"The destination has {destination.Length} bytes "
                + $"where {Size.Height} × {Size.Width} × {image.Channels} = {length} are needed.",
                nameof(destination));
        }
        try
        {
            Apply(image, new Canvas(), SplitMix64.For(seed), destination);
        }
        catch (TransformException failure)
        {
            throw new ArgumentException($"The image cannot be used: {failure.Reason}.", nameof(image), failure);
        }
    }

    /// <summary>Scales all lengths of the steps for images of another size.</summary>
    /// <param name="height">The images' height afterwards.</param>
    internal Compose AtHeight(int height) =>
        new(_transforms.Select(transform => transform.Scaled(side => (int)Math.Round((double)side * height / Size.Height))));

    internal void Apply(IPixelSource source, Canvas canvas, SplitMix64 random, Span<byte> destination)
    {
        canvas.Begin(source);
        foreach (var transform in _transforms) transform.ApplyTo(canvas, ref random);
        canvas.WriteTo(destination);
    }

    private static string Describe(Transform transform)
    {
        var properties = transform.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.Name != "EqualityContract")
            .Select(property => $"{property.Name}: {InvalidOptionException.Text(property.GetValue(transform))}");
        return $"{transform.GetType().Name}({string.Join(", ", properties)})";
    }

    private void ThrowIfMisordered()
    {
        int normalize = Array.FindIndex(_transforms, IsNormalize);
        if (Array.FindLastIndex(_transforms, IsNormalize) != normalize)
            throw new ArgumentException("There are two Normalize among the transforms: give one.");
        int tensors = Array.FindIndex(_transforms, transform => transform.WorksOnTensors);
        if (tensors < 0) return;
        if (normalize > tensors)
        {
            throw new ArgumentException(
                $"{_transforms[tensors].GetType().Name} comes before Normalize: put it after it, as torchvision's recipes do.");
        }
        var late = _transforms[tensors..].FirstOrDefault(transform => !transform.WorksOnTensors);
        if (late is not null)
        {
            throw new ArgumentException(
                $"{late.GetType().Name} comes after {_transforms[tensors].GetType().Name}, but works on pixels: put it before.");
        }

        static bool IsNormalize(Transform transform) => transform is Transforms.Normalize;
    }
}
