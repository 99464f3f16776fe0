using ResNet.Inference.Kernels.Int8;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Quantization;

/// <summary>Weights as signed bytes, with a scale for each output channel and 0 as the zero point.</summary>
internal static class WeightQuantizer
{
    /// <summary>Rounds weights to multiples of their channel's greatest, divided by 63.</summary>
    /// <param name="weights">The weights <c>[channels, …]</c>.</param>
    /// <param name="channels">The output channels.</param>
    internal static (sbyte[] Weights, float[] Scales) Quantize(float[] weights, int channels)
    {
        var (bytes, scales) = (new sbyte[weights.Length], new float[channels]);
        int length = weights.Length / channels;
        for (int c = 0; c < channels; c++)
        {
            var source = weights.AsSpan(c * length, length);
            float greatest = 0;
            foreach (float weight in source) greatest = Math.Max(greatest, Math.Abs(weight));
            float scale = Math.Clamp(greatest / Int8Kernels.MaximumWeight, InferencePlan.MinimumScale, InferencePlan.MaximumScale);
            scales[c] = scale;
            for (int i = 0; i < length; i++)
            {
                double weight = Math.Round((double)source[i] / scale);
                bytes[(c * length) + i] = (sbyte)Math.Clamp(weight, -Int8Kernels.MaximumWeight, Int8Kernels.MaximumWeight);
            }
        }
        return (bytes, scales);
    }
}
