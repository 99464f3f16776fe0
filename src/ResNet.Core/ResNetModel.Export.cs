using ResNet.Core.Export;

namespace ResNet.Core;

public sealed partial class ResNetModel
{
    /// <summary>Adds what <see cref="forward"/> computes in evaluation mode to a graph.</summary>
    /// <param name="images"><c>[N, channels, H, W]</c>.</param>
    /// <returns><c>[N, classes]</c>.</returns>
    internal OnnxValue Export(OnnxValue images)
    {
        var x = images.Then(conv1).Then(bn1).Relu().Then(maxpool);
        foreach (var block in Blocks()) x = block.Export(x);
        if (norm is not null) x = x.Then(norm).Relu();
        return x.Then(avgpool).Flatten().Then(fc);
    }
}
