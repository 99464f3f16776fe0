namespace ResNet.Training.Evaluation;

/// <summary>
/// Confusion matrix. Only cells that are not zero are kept, so a matrix of a thousand classes takes no more memory than
/// its images need.
/// </summary>
public sealed class ConfusionMatrix
{
    private static readonly Comparer<ConfusionCell> s_byPlace =
        Comparer<ConfusionCell>.Create((a, b) => (a.Class, a.Predicted).CompareTo((b.Class, b.Predicted)));

    // Fewer images may well be predicted as one class by chance.
    private const int LeastImages = 4;
    private const double CollapsedShare = 0.95;
    private const double RecognisedShare = 0.1;

    // Sorted by class and predicted class.
    private readonly ConfusionCell[] _cells;

    /// <summary>Counts images.</summary>
    /// <param name="classes">The number of classes, at least 0.</param>
    /// <param name="actual">The class of each image.</param>
    /// <param name="predicted">The predicted class of each image.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <exception cref="ArgumentException">The two lists have different lengths.</exception>
    public ConfusionMatrix(int classes, IReadOnlyList<int> actual, IReadOnlyList<int> predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(classes);
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(predicted);
        if (actual.Count != predicted.Count)
        {
            throw new ArgumentException(
                $"There are classes of {actual.Count} images, but predictions for {predicted.Count}.", nameof(predicted));
        }
        Classes = classes;
        var places = new long[actual.Count];
        for (int i = 0; i < places.Length; i++)
            places[i] = ((long)Known(actual[i], nameof(actual)) * classes) + Known(predicted[i], nameof(predicted));
        Array.Sort(places);
        _cells = Count(places, classes);
        PerClass = Metrics();
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The cells that are not zero, row by row.</summary>
    public IReadOnlyList<ConfusionCell> Cells => _cells;

    /// <summary>Precision, recall and F1 of each class, in the order of the classes.</summary>
    public IReadOnlyList<ClassMetrics> PerClass { get; }

    /// <summary>
    /// The mean recall of the classes that have images, from 0 to 1, as <c>balanced_accuracy_score</c> in scikit-learn; NaN if there are no
    /// images.
    /// </summary>
    public double BalancedAccuracy => Mean(PerClass.Where(row => row.Support > 0).Select(row => row.Recall));

    /// <summary>
    /// The mean F1 of the classes that images have or are predicted as, from 0 to 1, as <c>f1_score(average="macro")</c> in scikit-learn;
    /// NaN if there are no images.
    /// </summary>
    public double MacroF1
    {
        get
        {
            var predicted = _cells.Select(cell => cell.Predicted).ToHashSet();
            return Mean(PerClass.Where(row => row.Support > 0 || predicted.Contains(row.Class)).Select(row => row.F1));
        }
    }

    /// <summary>
    /// The class that a network predicts for nearly all images, although they are of several classes: for at least 95 % of at least 4
    /// images, while it recognises at most 10 % of the images of the other classes. Null if there is no such class.
    /// </summary>
    public int? CollapsedClass
    {
        get
        {
            int images = PerClass.Sum(row => row.Support);
            if (images < LeastImages) return null;
            var (predicted, count) = _cells.GroupBy(cell => cell.Predicted).Select(cells => (cells.Key, cells.Sum(cell => cell.Count)))
                .MaxBy(prediction => prediction.Item2);
            int others = images - PerClass[predicted].Support;
            int recognised = _cells.Where(cell => cell.Class == cell.Predicted && cell.Class != predicted).Sum(cell => cell.Count);
            return others > 0 && count >= CollapsedShare * images && recognised <= RecognisedShare * others ? predicted : null;
        }
    }

    /// <summary>Returns the number of images of one class that are predicted as another.</summary>
    /// <param name="actual">The actual class.</param>
    /// <param name="predicted">The predicted class.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public int this[int actual, int predicted]
    {
        get
        {
            var sought = new ConfusionCell(Known(actual, nameof(actual)), Known(predicted, nameof(predicted)), 0);
            int place = Array.BinarySearch(_cells, sought, s_byPlace);
            return place < 0 ? 0 : _cells[place].Count;
        }
    }

    private static ConfusionCell[] Count(long[] sorted, int classes)
    {
        var cells = new List<ConfusionCell>();
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start];) end++;
            cells.Add(new((int)(sorted[start] / classes), (int)(sorted[start] % classes), end - start));
        }
        return [.. cells];
    }

    private ClassMetrics[] Metrics()
    {
        var (support, taken, right) = (new int[Classes], new int[Classes], new int[Classes]);
        foreach (var cell in _cells)
        {
            support[cell.Class] += cell.Count;
            taken[cell.Predicted] += cell.Count;
            if (cell.Class == cell.Predicted) right[cell.Class] = cell.Count;
        }
        return [.. Enumerable.Range(0, Classes).Select(i => new ClassMetrics(
            i, support[i], Ratio(right[i], taken[i]), Ratio(right[i], support[i]), Ratio(2.0 * right[i], support[i] + taken[i])))];
    }

    private static double Mean(IEnumerable<double> values) => values.DefaultIfEmpty(double.NaN).Average();

    private static double Ratio(double part, int whole) => whole == 0 ? 0 : part / whole;

    private int Known(int index, string name) => index >= 0 && index < Classes
        ? index
        : throw new ArgumentOutOfRangeException(name, index, $"There is no class {index}: there are {Classes}, numbered from 0.");
}
