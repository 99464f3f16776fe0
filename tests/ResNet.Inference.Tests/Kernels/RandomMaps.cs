using ResNet.Inference.Kernels;

namespace ResNet.Inference.Tests.Kernels;

/// <summary>Random numbers from -1 to 1.</summary>
internal static class RandomMaps
{
    internal static float[] Numbers(this Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];

    /// <summary>A map <c>[pixels, channels]</c>, with zeros up to the channels that a pixel has in memory.</summary>
    internal static float[] Map(this Random random, int pixels, int channels)
    {
        int pitch = KernelSet.Channels(channels);
        var values = new float[pixels * pitch];
        for (int i = 0; i < pixels; i++) random.Numbers(channels).CopyTo(values, i * pitch);
        return values;
    }
}
