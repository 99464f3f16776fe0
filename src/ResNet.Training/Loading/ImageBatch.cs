using ResNet.Imaging;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>
/// A batch of images and their classes. When the next batch is
/// requested, these tensors are disposed, and their memory is reused.
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

    /// <summary>The batch's index in its epoch, from 0.</summary>
    public int Index { get; }

    /// <summary>Pixels <c>[N, H, W, C]</c>, uint8, on the CPU; page-locked with <see cref="ImageLoaderOptions.PinMemory"/>.</summary>
    /// <exception cref="InvalidOperationException">The next batch was asked for.</exception>
    public Tensor Images => Valid(_images);

    /// <summary>Class numbers <c>[N]</c>, int64, on the CPU; page-locked in the same case.</summary>
    /// <exception cref="InvalidOperationException">The next batch was asked for.</exception>
    public Tensor Labels => Valid(_labels);

    /// <summary>The number of images.</summary>
    public int Count { get; }

    /// <summary>
    /// The reasons why images were skipped, in their order; empty unless <see cref="ImageLoaderOptions.OnUnreadableImage"/> skips them.
    /// </summary>
    public IReadOnlyList<ImageDecodingException> Skipped { get; }

    /// <summary>Each image's position in the epoch, from 0, without the skipped images.</summary>
    internal IReadOnlyList<int> Positions { get; }

    /// <summary>Computes the network's input: the normalised images, with their rectangles erased.</summary>
    /// <param name="device">The device of the computation and the result.</param>
    /// <param name="memory">
    /// On the CPU, memory for the result: <c>[M, H, W, C]</c>, float32, contiguous, with M at least
    /// <see cref="Count"/>. Using the same memory for all batches saves the system from clearing
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
