namespace ResNet.Training.Evaluation.Binary;

/// <summary>
/// The ROC and precision-recall curves of two classes, one of which is called positive: the results at each threshold of its probability.
/// The definitions are scikit-learn's (<c>roc_curve</c>, <c>roc_auc_score</c>, <c>precision_recall_curve</c>,
/// <c>average_precision_score</c>).
/// </summary>
public sealed class BinaryCurves
{
    /// <summary>Sorts the images by their probabilities.</summary>
    /// <param name="probability">Each image's probability of the positive class, from 0 to 1. With a NaN there are no points.</param>
    /// <param name="isPositive">Whether each image is of the positive class. Without images of both classes there are no points.</param>
    /// <exception cref="ArgumentException">The two lists have different lengths.</exception>
    public BinaryCurves(IReadOnlyList<float> probability, IReadOnlyList<bool> isPositive)
    {
        ArgumentNullException.ThrowIfNull(probability);
        ArgumentNullException.ThrowIfNull(isPositive);
        if (probability.Count != isPositive.Count)
        {
            throw new ArgumentException(
                $"There are probabilities of {probability.Count} images, but classes of {isPositive.Count}.", nameof(isPositive));
        }
        Positives = isPositive.Count(positive => positive);
        Negatives = isPositive.Count - Positives;
        if (Positives == 0 || Negatives == 0 || probability.Any(float.IsNaN)) return;
        Points = FindPoints(probability, isPositive);
        (RocAuc, AveragePrecision) = (0, 0);
        var before = default(ThresholdPoint);
        foreach (var point in Points)
        {
            RocAuc += (point.FalsePositiveRate - before.FalsePositiveRate) * (point.Recall + before.Recall) / 2;
            AveragePrecision += (point.Recall - before.Recall) * point.Precision;
            before = point;
        }
    }

    /// <summary>The index of the positive class, 0 or 1. Default: 1.</summary>
    public int PositiveClass { get; init; } = 1;

    /// <summary>The number of images of the positive class.</summary>
    public int Positives { get; }

    /// <summary>The number of images of the other class.</summary>
    public int Negatives { get; }

    /// <summary>
    /// The results at each probability that an image has, from the highest threshold to the lowest, at which all images are positive.
    /// The curves begin before the first point, at a recall of 0.
    /// </summary>
    public IReadOnlyList<ThresholdPoint> Points { get; } = [];

    /// <summary>
    /// The area under the ROC curve by the trapezoidal rule, from 0 to 1: the probability that an image of the positive class has a higher
    /// probability than one of the other class. NaN if there are no points.
    /// </summary>
    public double RocAuc { get; } = double.NaN;

    /// <summary>
    /// The area under the precision-recall curve as average precision, the sum of (R_n - R_(n-1)) P_n, from 0 to 1. NaN if there are no
    /// points.
    /// </summary>
    public double AveragePrecision { get; } = double.NaN;

    /// <summary>Chooses a threshold; of several that are equally good, the highest.</summary>
    /// <param name="rule">The rule.</param>
    /// <returns>
    /// The results at the threshold; null if there are no points or no threshold fulfils the rule. The threshold lies halfway
    /// between the lowest probability that is positive and the next lower one, so that rounding does not change a prediction.
    /// </returns>
    public ThresholdPoint? Choose(ThresholdRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        int best = -1;
        for (int i = 0; i < Points.Count; i++)
        {
            if (rule.Allows(Points[i]) && (best < 0 || rule.Value(Points[i]) > rule.Value(Points[best]))) best = i;
        }
        if (best < 0) return null;
        double next = best + 1 < Points.Count ? Points[best + 1].Threshold : 0;
        return Points[best] with { Threshold = (Points[best].Threshold + next) / 2 };
    }

    private ThresholdPoint[] FindPoints(IReadOnlyList<float> probability, IReadOnlyList<bool> isPositive)
    {
        int[] order = [.. Enumerable.Range(0, probability.Count).OrderByDescending(i => probability[i])];
        var points = new List<ThresholdPoint>();
        int truePositives = 0;
        for (int i = 0; i < order.Length; i++)
        {
            if (isPositive[order[i]]) truePositives++;
            // Images of the same probability are on the same side of each threshold.
            if (i + 1 < order.Length && probability[order[i + 1]] == probability[order[i]]) continue;
            int falsePositives = i + 1 - truePositives;
            points.Add(new ThresholdPoint(
                probability[order[i]], (double)falsePositives / Negatives, (double)truePositives / Positives,
                (double)truePositives / (i + 1)));
        }
        return [.. points];
    }
}
