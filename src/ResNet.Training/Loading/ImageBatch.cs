using ResNet.Imaging;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>
/// Images and their classes, as the loader made them. When the next batch is
/// asked for, these tensors are disposed of, and their memory is used again.
/// </summary>
public sealed class ImageBatch
{
    private readonly Tensor _images;
    private readonly Tensor _labels;
    private readonly Normalize? _normalize;
    private readonly IReadOnlyList<(int Image, Erasure Erasure)> _erasures;

    internal ImageBatch(
        int index,
        Tensor images,
        Tensor labels,
        IReadOnlyList<int> positions,
        Normalize? normalize,
        IReadOnlyList<(int Image, Erasure Erasure)> erasures,
        IReadOnlyList<ImageDecodingException> skipped)
    {
        (Index, _images, _labels, Positions, Count) = (index, images, labels, positions, positions.Count);
        (_normalize, _erasures, Skipped) = (normalize, erasures, skipped);
    }

    /// <summary>The batch's place in its epoch, from 0.</summary>
    public int Index { get; }

    /// <summary>Pixels <c>[N, H, W, C]</c>, uint8, on the CPU; page-locked with <see cref="ImageLoaderOptions.PinMemory"/>.</summary>
    /// <exception cref="InvalidOperationException">The next batch was asked for.</exception>
    public Tensor Images => Valid(_images);

    /// <summary>Class numbers <c>[N]</c>, int64, on the CPU; page-locked likewise.</summary>
    /// <exception cref="InvalidOperationException">The next batch was asked for.</exception>
    public Tensor Labels => Valid(_labels);

    /// <summary>How many images there are.</summary>
    public int Count { get; }

    /// <summary>
    /// Why images were left out, in their order; empty unless <see cref="ImageLoaderOptions.OnUnreadableImage"/> has them skipped.
    /// </summary>
    public IReadOnlyList<ImageDecodingException> Skipped { get; }

    /// <summary>Each image's position in the epoch, from 0; those of images that were skipped are missing.</summary>
    internal IReadOnlyList<int> Positions { get; }

    /// <summary>The network's input: the images as numbers, normalised, with their rectangles erased.</summary>
    /// <param name="device">Where the result goes, and is computed.</param>
    /// <param name="memory">
    /// On the CPU, where the result goes: <c>[M, H, W, C]</c>, float32, contiguous, with M at least
    /// <see cref="Count"/>. Using the same for batch after batch spares the system from clearing
    /// new memory each time, and the result is valid until the next batch. Null for new memory.
    /// </param>
    /// <returns><c>[N, C, H, W]</c>, float32, channels-last in memory.</returns>
    /// <exception cref="ArgumentException"><paramref name="memory"/> has another shape or type.</exception>
    /// <exception cref="InvalidOperationException">The next batch was asked for.</exception>
    public Tensor ToInput(Device device, Tensor? memory = null)
    {
        var input = TensorTransforms.ToInput(_normalize, Images, device, memory);
        foreach (var (image, erasure) in _erasures)
        {
            using var target = input[image];
            TensorTransforms.Fill(target, erasure);
        }
        return input;
    }

    private Tensor Valid(Tensor tensor) => !tensor.IsInvalid
        ? tensor
        : throw new InvalidOperationException(
            $"Batch {Index} is over, since the next one was asked for: use it before, or keep a clone() of its tensors.");
}
