using System.Globalization;
using ResNet.Training.Evaluation;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports.Comparison;

/// <summary>Reads the <c>metrics.csv</c> of a run.</summary>
public static class MetricsFile
{
    /// <summary>Reads the results of each epoch.</summary>
    /// <param name="path">
    /// The file. Its first line names the columns, in any order. Missing or empty numbers are NaN, or 0 for steps, and an
    /// evaluation without numbers is null.
    /// </param>
    /// <exception cref="RunFolderException">The file is missing, cannot be read, or has another content.</exception>
    public static IReadOnlyList<EpochMetrics> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException or DirectoryNotFoundException ? "it is not there" : e.Message.TrimEnd('.');
            throw new RunFolderException($"The metrics '{path}' cannot be read: {reason}. Give the folder of a run that has them.", e);
        }
        string[] columns = lines.Length == 0 ? [] : lines[0].Split(',', StringSplitOptions.TrimEntries);
        if (!columns.Contains("epoch"))
        {
            throw new RunFolderException(
                $"'{path}' has no metrics of a run: its first line does not name the column 'epoch'.");
        }
        return
        [
            .. lines.Index().Skip(1)
                .Where(line => line.Item.Length > 0)
                .Select(line => ReadRow(new Fields(path, columns, line.Item.Split(','), line.Index + 1))),
        ];
    }

    private static EpochMetrics ReadRow(Fields fields) => new()
    {
        Epoch = (int)fields.Whole("epoch"),
        Steps = fields.Whole("steps"),
        TrainLoss = fields.Number("train_loss"),
        TrainTop1 = fields.Number("train_top1") is var top1 && double.IsNaN(top1) ? null : top1,
        PeakMemoryBytes = fields.Whole("peak_memory_bytes") is > 0 and var bytes ? bytes : null,
        Processes = fields.Whole("processes") is > 0 and <= int.MaxValue and var processes ? (int)processes : null,
        WaitingSeconds = fields.Number("waiting_seconds") is var waiting && double.IsNaN(waiting) ? null : waiting,
        LearningRate = fields.Number("learning_rate"),
        ImagesPerSecond = fields.Number("images_per_second"),
        Evaluation = ReadResult(fields, "val") is { } result
            ? result with
            {
                BalancedAccuracy = fields.Number("val_balanced_accuracy"),
                MacroF1 = fields.Number("val_macro_f1"),
            }
            : null,
        AverageEvaluation = ReadResult(fields, "average"),
    };

    private static EvaluationResult? ReadResult(Fields fields, string of)
    {
        double loss = fields.Number($"{of}_loss"), top1 = fields.Number($"{of}_top1"), top5 = fields.Number($"{of}_top5");
        bool isEmpty = double.IsNaN(loss) && double.IsNaN(top1) && double.IsNaN(top5);
        return isEmpty ? null : new EvaluationResult(loss, top1, top5, Images: 0, ImagesPerSecond: double.NaN);
    }

    private readonly record struct Fields(string Path, string[] Columns, string[] Values, int Line)
    {
        internal long Whole(string column) => Value(column) is { Length: > 0 } text ? Parsed<long>(column, text, NumberStyles.None) : 0;

        internal double Number(string column) =>
            Value(column) is { Length: > 0 } text ? Parsed<double>(column, text, NumberStyles.Float) : double.NaN;

        private string Value(string column) =>
            Array.IndexOf(Columns, column) is >= 0 and var place && place < Values.Length ? Values[place].Trim() : "";

        private T Parsed<T>(string column, string text, NumberStyles styles)
            where T : System.Numerics.INumber<T> => T.TryParse(text, styles, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new RunFolderException(
                $"Line {Line} of '{Path}' has '{text}' as its {column}, which is not a number: the file is damaged.");
    }
}
