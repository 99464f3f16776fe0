using ResNet.Inference.Kernels;
using ResNet.Inference.Plans;

namespace ResNet.Core.Passes.Steps;

/// <summary>A value of a pass: a map for each image, <c>[N, H, W, C]</c> in memory, and its gradient.</summary>
internal sealed unsafe class PassMap(MapShape shape, int images)
{
    internal MapShape Shape => shape;

    internal int Images => images;

    /// <summary>The floats from one pixel to the next.</summary>
    internal int Pitch { get; } = KernelSet.Channels(shape.Channels);

    /// <summary>The pixels of all images.</summary>
    internal int Pixels { get; } = checked(images * shape.Height * shape.Width);

    internal long Floats => (long)Pixels * Pitch;

    internal float* Data { get; set; }

    /// <summary>The gradient of the loss with respect to the value.</summary>
    internal float* Gradient { get; set; }
}
