using static TorchSharp.torch;

namespace ResNet.Core.Tests;

internal static class Images
{
    /// <summary>The numbers 0, 1, 2, … modulo 251, scaled to −1…1, in the given shape.</summary>
    internal static Tensor Pattern(params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        for (int i = 0; i < values.Length; i++) values[i] = (i % 251 / 125f) - 1;
        return tensor(values, shape);
    }
}
