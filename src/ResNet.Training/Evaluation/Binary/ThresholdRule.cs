using System.Globalization;

namespace ResNet.Training.Evaluation.Binary;

/// <summary>A rule for the threshold of two classes.</summary>
public sealed record ThresholdRule
{
    private const string PrecisionName = "precision";
    private const string RecallName = "recall";

    private readonly string _name;

    // The lowest accepted precision or recall.
    private readonly double? _least;

    private ThresholdRule(string name, double? least = null) => (_name, _least) = (name, least);

    /// <summary>The highest F1 of the positive class.</summary>
    public static ThresholdRule F1 { get; } = new("f1");

    /// <summary>The highest balanced accuracy.</summary>
    public static ThresholdRule BalancedAccuracy { get; } = new("balanced");

    /// <summary>The highest recall of the thresholds with at least this precision, from 0 to 1.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public static ThresholdRule PrecisionAtLeast(double least) => new(PrecisionName, Checked(least));

    /// <summary>The highest precision of the thresholds with at least this recall, from 0 to 1.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public static ThresholdRule RecallAtLeast(double least) => new(RecallName, Checked(least));

    /// <summary>Reads a rule as <see cref="ToString"/> writes it.</summary>
    /// <param name="text"><c>f1</c>, <c>balanced</c>, or such as <c>precision=0.9</c> or <c>recall=0.95</c>.</param>
    /// <exception cref="InvalidOptionException">It is none of these.</exception>
    public static ThresholdRule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == F1._name) return F1;
        if (text == BalancedAccuracy._name) return BalancedAccuracy;
        string[] parts = text.Split('=');
        bool isLeast = parts is [PrecisionName or RecallName, _];
        double least = isLeast && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : double.NaN;
        return least is >= 0 and <= 1
            ? new ThresholdRule(parts[0], least)
            : throw new InvalidOptionException(
                nameof(ThresholdRule), "rule", text, "f1, balanced, precision=P or recall=P with a P from 0 to 1");
    }

    /// <summary>Returns <c>f1</c>, <c>balanced</c>, or such as <c>precision=0.9</c>.</summary>
    public override string ToString() =>
        _least is { } least ? string.Create(CultureInfo.InvariantCulture, $"{_name}={least}") : _name;

    internal bool Allows(ThresholdPoint point) => _name switch
    {
        PrecisionName => point.Precision >= _least,
        RecallName => point.Recall >= _least,
        _ => true,
    };

    /// <summary>Returns what should be as high as possible.</summary>
    internal double Value(ThresholdPoint point) => _name switch
    {
        PrecisionName => point.Recall,
        RecallName => point.Precision,
        _ => this == F1 ? point.F1 : point.BalancedAccuracy,
    };

    private static double Checked(double least) => least is >= 0 and <= 1
        ? least
        : throw new InvalidOptionException(nameof(ThresholdRule), nameof(least), least, "between 0 and 1");
}
