using System.Globalization;
using ResNet.Training.Evaluation.Binary;

namespace ResNet.Training.Evaluation;

/// <summary>The result of an evaluation.</summary>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Top1">The share of images whose class is the likeliest one, in percent.</param>
/// <param name="Top5">The share of images whose class is among the five likeliest (or all, if there are fewer), in percent.</param>
/// <param name="Images">The number of images.</param>
/// <param name="ImagesPerSecond">The speed over the whole pass, including decoding.</param>
public sealed record EvaluationResult(double Loss, double Top1, double Top5, int Images, double ImagesPerSecond)
{
    // Of five classes, the five likeliest are all of them.
    private const int MostClassesWithoutTop5 = 5;

    /// <summary>
    /// Whether <see cref="Top5"/> can be less than 100 %, because there are more than five classes; also true if the number of classes is
    /// not known. Otherwise it should not be shown.
    /// </summary>
    public bool HasTop5 => HasTop5Of(Confusion.Classes);

    /// <summary>
    /// The mean recall of the classes that have images, in percent: in contrast to <see cref="Top1"/>, a class with few images counts as
    /// much as one with many. NaN if it was not computed. Default: NaN.
    /// </summary>
    /// <remarks>The <see cref="ConfusionMatrix.BalancedAccuracy"/> of <see cref="Confusion"/>.</remarks>
    public double BalancedAccuracy { get; init; } = double.NaN;

    /// <summary>
    /// The mean F1 of the classes, from 0 to 1; NaN if it was not computed. Default: NaN.
    /// </summary>
    /// <remarks>The <see cref="ConfusionMatrix.MacroF1"/> of <see cref="Confusion"/>.</remarks>
    public double MacroF1 { get; init; } = double.NaN;

    /// <summary>What computed the network. Default: <see cref="PredictionEngine.Torch"/>.</summary>
    public PredictionEngine Engine { get; init; } = PredictionEngine.Torch;

    /// <summary>Confusion matrix, with precision, recall and F1 of each class.</summary>
    public ConfusionMatrix Confusion { get; init; } = new(0, [], []);

    /// <summary>ROC and precision-recall curves of a network with two classes; null for other numbers of classes.</summary>
    public BinaryCurves? Binary { get; init; }

    /// <summary>Calibration.</summary>
    public Calibration Calibration { get; init; } = new([], []);

    /// <summary>The most confident mistakes, the most confident first.</summary>
    public IReadOnlyList<Mistake> Mistakes { get; init; } = [];

    /// <summary>Precision, recall and F1 of each class, in the order of the classes.</summary>
    public IReadOnlyList<ClassMetrics> PerClass => Confusion.PerClass;

    /// <summary>The expected calibration error, from 0 to 1.</summary>
    public double CalibrationError => Calibration.Error;

    /// <summary>
    /// Describes in one sentence that the network predicts one class for nearly all images (<see cref="ConfusionMatrix.CollapsedClass"/>);
    /// null if it does not.
    /// </summary>
    /// <param name="classes">The names of the classes, in the order of the network's outputs.</param>
    public string? DescribeCollapse(IReadOnlyList<string> classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        if (Confusion.CollapsedClass is not { } one) return null;
        int predicted = Confusion.Cells.Where(cell => cell.Predicted == one).Sum(cell => cell.Count);
        int present = PerClass.Count(row => row.Support > 0), all = PerClass.Sum(row => row.Support);
        string images = predicted == all
            ? string.Create(CultureInfo.InvariantCulture, $"All {all:N0}")
            : string.Create(CultureInfo.InvariantCulture, $"{predicted:N0} of {all:N0}");
        return $"{images} images are predicted as '{classes[one]}', although they are of {present} classes: the network has collapsed to "
            + "one class, and its accuracy only says how frequent that class is; try more epochs, a lower learning rate or class weights.";
    }

    /// <summary>Returns whether top-5 accuracies are shown for a number of classes; 0 if the number is not known.</summary>
    internal static bool HasTop5Of(int classes) => classes is 0 or > MostClassesWithoutTop5;
}
