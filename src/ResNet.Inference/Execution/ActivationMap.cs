namespace ResNet.Inference.Execution;

/// <summary>
/// Class activation maps (Zhou et al. 2016, https://arxiv.org/abs/1512.04150). Where a linear classifier follows the pooling, they are
/// the gradient-weighted maps of the last map (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391): the gradient of a class score
/// is the same at each pixel, the classifier's weight divided by the number of pixels.
/// </summary>
internal static class ActivationMap
{
    // The divisor of an all-zero map.
    private const float Tiny = 1e-30f;

    /// <summary>
    /// Weights the channels of a map, adds them up, sets negative values to 0, enlarges the result bilinearly and divides it by its
    /// maximum.
    /// </summary>
    /// <param name="map">The map of an image <c>[C, H, W]</c>.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="weights">The classifier's weights for the class, <c>[C]</c>.</param>
    /// <param name="sum">Memory for <c>[H, W]</c>.</param>
    /// <param name="result">Receives <c>[height, width]</c>, from 0 to 1.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="width">In pixels.</param>
    internal static void Compute(
        ReadOnlySpan<float> map, (int Channels, int Height, int Width) shape, ReadOnlySpan<float> weights, Span<float> sum,
        Span<float> result, int height, int width)
    {
        int pixels = shape.Height * shape.Width;
        sum.Clear();
        for (int c = 0; c < shape.Channels; c++)
        {
            var channel = map.Slice(c * pixels, pixels);
            float weight = weights[c] / pixels;
            for (int i = 0; i < pixels; i++) sum[i] += weight * channel[i];
        }
        foreach (ref float value in sum) value = Math.Max(value, 0);
        Resize(sum, shape.Height, shape.Width, result, height, width);
        float greatest = Tiny;
        foreach (float value in result) greatest = Math.Max(greatest, value);
        foreach (ref float value in result) value /= greatest;
    }

    /// <summary>Resizes a map bilinearly, as PyTorch's <c>interpolate</c> does with <c>align_corners=False</c>.</summary>
    /// <param name="map">The map <c>[rows, columns]</c>.</param>
    /// <param name="rows">In pixels.</param>
    /// <param name="columns">In pixels.</param>
    /// <param name="result">Receives <c>[height, width]</c>.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="width">In pixels.</param>
    internal static void Resize(ReadOnlySpan<float> map, int rows, int columns, Span<float> result, int height, int width)
    {
        for (int y = 0; y < height; y++)
        {
            var (above, below, down) = Neighbours(y, height, rows);
            for (int x = 0; x < width; x++)
            {
                var (left, right, across) = Neighbours(x, width, columns);
                float upper = Mix(map[(above * columns) + left], map[(above * columns) + right], across);
                float lower = Mix(map[(below * columns) + left], map[(below * columns) + right], across);
                result[(y * width) + x] = Mix(upper, lower, down);
            }
        }
    }

    // The two values around the middle of a pixel of the enlarged line, and the second one's weight.
    private static (int First, int Second, float Weight) Neighbours(int place, int enlarged, int length)
    {
        float middle = Math.Max(0, ((place + 0.5f) * length / enlarged) - 0.5f);
        int first = Math.Min((int)middle, length - 1);
        return (first, Math.Min(first + 1, length - 1), middle - first);
    }

    private static float Mix(float first, float second, float weight) => first + ((second - first) * weight);
}
