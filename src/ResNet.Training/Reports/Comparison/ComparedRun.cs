using System.Globalization;
using System.Text.Json;
using ResNet.Training.Data;
using ResNet.Training.Data.Manifests;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports.Comparison;

/// <summary>A run in a comparison.</summary>
/// <param name="Name">Its name in the comparison.</param>
/// <param name="Epochs">The results of each epoch.</param>
/// <param name="Settings">
/// The settings of the run: a name such as <c>Training.Optimizer.LearningRate</c> and a value for each setting, in the order
/// of its file.
/// </param>
public sealed record ComparedRun(string Name, IReadOnlyList<EpochMetrics> Epochs, IReadOnlyList<(string Name, string Value)> Settings)
{

    /// <summary>The images of the run; null if it has no manifest, so that the images it was evaluated on are not known.</summary>
    public DatasetManifest? Manifest { get; init; }

    /// <summary>The best epoch; null if nothing was evaluated.</summary>
    public BestEpoch? Best => BestEpoch.Of(Epochs);

    /// <summary>The training loss of the last epoch; NaN if there is none.</summary>
    public double FinalTrainLoss => Epochs.Count == 0 ? double.NaN : Epochs[^1].TrainLoss;

    /// <summary>The evaluation loss of the last evaluated epoch; NaN if there is none.</summary>
    public double FinalValidationLoss =>
        Epochs.Select(epoch => epoch.ValidationLoss ?? double.NaN).LastOrDefault(double.IsFinite, double.NaN);

    /// <summary>
    /// The time of the passes over the training images, without evaluation: images divided by images per second, epoch by epoch. Null if
    /// the files do not have the number of images of an epoch.
    /// </summary>
    public TimeSpan? TrainingTime
    {
        get
        {
            double images = Count("BatchSize") * Count("Training.AccumulateBatches");
            double seconds = 0;
            long before = 0;
            foreach (var epoch in Epochs)
            {
                seconds += (epoch.Steps - before) * images / epoch.ImagesPerSecond;
                before = epoch.Steps;
            }
            return seconds > 0 && seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
        }
    }

    /// <summary>Reads the files of a run's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Its name.</param>
    /// <exception cref="RunFolderException">The folder is missing, or a file of it cannot be read.</exception>
    internal static ComparedRun Read(string folder, string name)
    {
        if (!Directory.Exists(folder))
            throw new RunFolderException($"There is no run folder '{folder}'.") { Problem = RunFolderProblem.Missing };
        string settings = Path.Combine(folder, "settings.json");
        try
        {
            using var file = File.OpenRead(settings);
            using var document = JsonDocument.Parse(file);
            return new ComparedRun(name, MetricsFile.Read(Path.Combine(folder, "metrics.csv")), [.. Flat(document.RootElement, "")])
            {
                Manifest = ReadManifest(Path.Combine(folder, DatasetManifest.FileName)),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            string reason = e is FileNotFoundException ? "it is not there" : e.Message.TrimEnd('.');
            throw new RunFolderException($"The settings '{settings}' cannot be read: {reason}. Give the folder of a run that has them.", e);
        }
    }

    private static DatasetManifest? ReadManifest(string path)
    {
        try
        {
            return File.Exists(path) ? DatasetManifest.Read(path) : null;
        }
        catch (DatasetException damaged)
        {
            throw new RunFolderException(damaged.Message, damaged);
        }
    }

    // 1 if the file has no other number.
    private double Count(string setting) =>
        double.TryParse(Settings.FirstOrDefault(entry => entry.Name == setting).Value, CultureInfo.InvariantCulture, out double count)
            ? count
            : 1;

    // The kind of an optimizer or schedule is the value of the setting itself.
    private static string Inside(string name, string member) => member == "$type" ? name : name.Length == 0 ? member : $"{name}.{member}";

    /// <summary>Returns a name and a value for each setting.</summary>
    internal static IEnumerable<(string Name, string Value)> Flat(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Flat(member.Value, Inside(name, member.Name))),
        JsonValueKind.Array when element.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.Object) =>
            element.EnumerateArray().SelectMany((item, i) => Flat(item, $"{name}[{i}]")),
        JsonValueKind.Array => [(name, string.Join(", ", element.EnumerateArray()))],
        JsonValueKind.Null => [],
        _ => [(name, element.ToString())],
    };
}
