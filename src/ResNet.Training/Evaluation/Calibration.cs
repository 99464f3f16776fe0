namespace ResNet.Training.Evaluation;

/// <summary>
/// Calibration: the images in bins of equal width, sorted by the probability of the likeliest class, and the
/// expected calibration error (Guo et al. 2017, https://arxiv.org/abs/1706.04599, equations 2 to 5 of section 2).
/// </summary>
public sealed class Calibration
{
    /// <summary>The number of bins of the evaluator, as in the paper.</summary>
    public const int DefaultBins = 15;

    /// <summary>Sorts images into bins.</summary>
    /// <param name="confidence">
    /// The probability of each image's likeliest class, from 0 to 1. NaN is left out of the bins and makes <see cref="Error"/> NaN.
    /// </param>
    /// <param name="isRight">Whether the likeliest class is each image's class.</param>
    /// <param name="bins">The number of bins, at least 1. Default: 15.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bins"/> is less than 1.</exception>
    /// <exception cref="ArgumentException">The two lists have different lengths.</exception>
    public Calibration(IReadOnlyList<float> confidence, IReadOnlyList<bool> isRight, int bins = DefaultBins)
    {
        ArgumentNullException.ThrowIfNull(confidence);
        ArgumentNullException.ThrowIfNull(isRight);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        if (confidence.Count != isRight.Count)
        {
            throw new ArgumentException(
                $"There are confidences of {confidence.Count} images, but {isRight.Count} outcomes.", nameof(isRight));
        }
        var (images, sure, right) = (new int[bins], new double[bins], new int[bins]);
        for (int i = 0; i < confidence.Count; i++)
        {
            if (float.IsNaN(confidence[i])) continue;
            // A bin includes its upper edge.
            int bin = Math.Clamp((int)Math.Ceiling(confidence[i] * (double)bins) - 1, 0, bins - 1);
            images[bin]++;
            sure[bin] += confidence[i];
            if (isRight[i]) right[bin]++;
        }
        Bins = [.. Enumerable.Range(0, bins).Select(i => new CalibrationBin(
            (double)i / bins, (i + 1.0) / bins, images[i], sure[i] / images[i], (double)right[i] / images[i]))];
        bool isComplete = confidence.Count > 0 && images.Sum() == confidence.Count;
        Error = isComplete
            ? Bins.Where(bin => bin.Images > 0).Sum(bin => Math.Abs(bin.Accuracy - bin.Confidence) * bin.Images) / confidence.Count
            : double.NaN;
    }

    /// <summary>The bins, from the lowest to the highest confidence.</summary>
    public IReadOnlyList<CalibrationBin> Bins { get; }

    /// <summary>
    /// The expected calibration error, from 0 to 1: the mean distance of accuracy and confidence of
    /// the bins, weighted by their images. NaN if there are no images.
    /// </summary>
    public double Error { get; }
}
