using System.Text;
using System.Text.Json;
using ResNet.Training.Evaluation;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports;

/// <summary>
/// Writes the numbers of a report as JSON, for programs: the columns of <c>metrics.csv</c>, with null for NaN and infinity.
/// </summary>
internal static class MetricsBlock
{
    internal static string Write(
        IReadOnlyList<(string Name, IReadOnlyList<EpochMetrics> Epochs)> runs,
        EvaluationResult? evaluation = null,
        EvaluationResult? test = null)
    {
        using var memory = new MemoryStream();
        // The default encoder escapes characters that could end the block.
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteStartArray("runs");
            foreach (var (name, epochs) in runs)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteStartArray("epochs");
                foreach (var epoch in epochs) Write(json, epoch);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (evaluation is not null) Write(json, "evaluation", evaluation);
            if (test is not null) Write(json, "test", test);
            json.WriteEndObject();
        }
        string text = Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length);
        return $"<script type=\"application/json\" id=\"metrics\">{text}</script>\n";
    }

    private static void Write(Utf8JsonWriter json, EpochMetrics epoch)
    {
        json.WriteStartObject();
        json.WriteNumber("epoch", epoch.Epoch);
        json.WriteNumber("steps", epoch.Steps);
        Write(json, "train_loss", epoch.TrainLoss);
        Write(json, "val_loss", epoch.ValidationLoss);
        Write(json, "val_top1", epoch.Top1);
        Write(json, "val_top5", epoch.Top5);
        Write(json, "average_loss", epoch.AverageLoss);
        Write(json, "average_top1", epoch.AverageTop1);
        Write(json, "average_top5", epoch.AverageTop5);
        Write(json, "learning_rate", epoch.LearningRate);
        Write(json, "images_per_second", epoch.ImagesPerSecond);
        Write(json, "val_balanced_accuracy", epoch.BalancedAccuracy);
        Write(json, "val_macro_f1", epoch.MacroF1);
        Write(json, "train_top1", epoch.TrainTop1);
        Write(json, "peak_memory_bytes", epoch.PeakMemoryBytes);
        Write(json, "processes", epoch.Processes);
        Write(json, "waiting_seconds", epoch.WaitingSeconds);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, EvaluationResult evaluation)
    {
        json.WriteStartObject(name);
        json.WriteNumber("images", evaluation.Images);
        Write(json, "loss", evaluation.Loss);
        Write(json, "top1", evaluation.Top1);
        Write(json, "top5", evaluation.Top5);
        Write(json, "balanced_accuracy", evaluation.BalancedAccuracy);
        Write(json, "macro_f1", evaluation.MacroF1);
        if (evaluation.Binary is { } binary)
        {
            Write(json, "roc_auc", binary.RocAuc);
            Write(json, "average_precision", binary.AveragePrecision);
        }
        Write(json, "calibration_error", evaluation.CalibrationError);
        Write(json, "images_per_second", evaluation.ImagesPerSecond);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }
}
