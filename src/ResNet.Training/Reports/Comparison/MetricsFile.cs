using System.Globalization;
using ResNet.Training.TrainingLoop;

namespace ResNet.Training.Reports.Comparison;

/// <summary>Reads the <c>metrics.csv</c> of a run.</summary>
public static class MetricsFile
{
    /// <summary>What came out of each epoch.</summary>
    /// <param name="path">The file. Its first line names the columns, in any order; those that it lacks, and fields that are empty, are NaN, or 0 for steps.</param>
    /// <exception cref="RunFolderException">The file is missing, cannot be read, or has something else in it.</exception>
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
        if (!columns.Contains("epoch")) throw new RunFolderException($"'{path}' has no metrics of a run in it: its first line does not name the column 'epoch'.");
        return [.. lines.Index().Skip(1).Where(line => line.Item.Length > 0).Select(line => Row(new Fields(path, columns, line.Item.Split(','), line.Index + 1)))];
    }

    private static EpochMetrics Row(Fields fields) => new(
        (int)fields.Whole("epoch"), fields.Number("train_loss"), fields.Number("val_loss"), fields.Number("val_top1"), fields.Number("val_top5"),
        fields.Number("learning_rate"), fields.Number("images_per_second"))
    {
        Steps = fields.Whole("steps"),
        AverageLoss = fields.Number("average_loss"),
        AverageTop1 = fields.Number("average_top1"),
        AverageTop5 = fields.Number("average_top5"),
    };

    private readonly record struct Fields(string Path, string[] Columns, string[] Values, int Line)
    {
        internal long Whole(string column) => Value(column) is { Length: > 0 } text ? Parsed<long>(column, text, NumberStyles.None) : 0;

        internal double Number(string column) => Value(column) is { Length: > 0 } text ? Parsed<double>(column, text, NumberStyles.Float) : double.NaN;

        private string Value(string column) => Array.IndexOf(Columns, column) is >= 0 and var place && place < Values.Length ? Values[place].Trim() : "";

        private T Parsed<T>(string column, string text, NumberStyles styles)
            where T : System.Numerics.INumber<T> => T.TryParse(text, styles, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new RunFolderException($"Line {Line} of '{Path}' has '{text}' as its {column}, which is no number: the file is damaged.");
    }
}
