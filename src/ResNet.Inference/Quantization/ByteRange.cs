using ResNet.Inference.Plans;

namespace ResNet.Inference.Quantization;

/// <summary>The numbers that bytes stand for: <c>(byte - ZeroPoint) · Scale</c>.</summary>
/// <param name="Scale">The difference of the numbers of neighbouring bytes.</param>
/// <param name="ZeroPoint">The byte that stands for 0.</param>
internal readonly record struct ByteRange(float Scale, int ZeroPoint)
{
    // The ranges that are tried for each end, as parts of the largest.
    private const int Candidates = 256;

    /// <summary>Chooses the range with the least sum of squared errors: of rounding within the range, and of cutting off outside.</summary>
    /// <remarks>
    /// Rounding to steps of <c>s</c> has the mean squared error <c>s² / 12</c>. Ends are improved in turn, which finds the best range if
    /// all numbers have one sign.
    /// </remarks>
    internal static ByteRange Choose(ActivationHistogram histogram)
    {
        double low = histogram.Minimum, high = histogram.Maximum;
        for (int round = 0; round < 2; round++)
        {
            high = Best(histogram.Maximum, end => Error(histogram, low, end));
            low = Best(histogram.Minimum, end => Error(histogram, end, high));
        }
        float scale = (float)((high - low) / byte.MaxValue);
        // Without any numbers but 0, any scale will do.
        if (!(scale >= InferencePlan.MinimumScale)) return new ByteRange(1f / byte.MaxValue, 0);
        return new ByteRange(Math.Min(scale, InferencePlan.MaximumScale), (int)Math.Clamp(Math.Round(-low / scale), 0, byte.MaxValue));
    }

    private static double Best(double longest, Func<double, double> error)
    {
        if (longest == 0) return 0;
        return Enumerable.Range(1, Candidates).Select(i => longest * i / Candidates).MinBy(error);
    }

    private static double Error(ActivationHistogram histogram, double low, double high)
    {
        double step = (high - low) / byte.MaxValue, sum = 0;
        for (int bin = 0; bin < ActivationHistogram.Bins; bin++)
        {
            long count = histogram.Counts[bin];
            if (count == 0) continue;
            double value = histogram.Middle(bin);
            double outside = value < low ? low - value : value > high ? value - high : 0;
            sum += count * (outside == 0 ? step * step / 12 : outside * outside);
        }
        return sum;
    }
}
