using static TorchSharp.torch;

namespace ResNet.Training.Data;

/// <summary>Images and their classes, as the loader made them. The next batch may overwrite this one's memory.</summary>
public sealed class ImageBatch
{
    internal ImageBatch(int index, Tensor images, Tensor labels) => (Index, Images, Labels) = (index, images, labels);

    /// <summary>The batch's place in its epoch, from 0.</summary>
    public int Index { get; }

    /// <summary>Pixels <c>[N, H, W, C]</c>, uint8, on the CPU.</summary>
    public Tensor Images { get; }

    /// <summary>Class numbers <c>[N]</c>, int64, on the CPU.</summary>
    public Tensor Labels { get; }

    /// <summary>How many images there are.</summary>
    public int Count => (int)Labels.NumberOfElements;
}
