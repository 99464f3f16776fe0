using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Evaluation;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Loading;
using ResNet.Training.Reports;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;
using static TorchSharp.torch;

namespace ResNet.Training.Runs;

/// <summary>
/// The folder of a run: <c>weights.safetensors</c>, the best weights; <c>classes.txt</c>, one name per line, in the order of the
/// network's outputs; <c>settings.json</c>; <c>images.tsv</c>, the manifest of its images; <c>metrics.csv</c> and <c>steps.csv</c>, a row
/// per epoch and per step; <c>test.json</c>, the results on the test images; <c>threshold.json</c>, the threshold of two classes;
/// <c>report.html</c>, which shows all results;
/// <c>tensorboard/</c>; and <c>checkpoints/</c>, from which it can be resumed. Every file is written beside its target and renamed over it.
/// </summary>
public sealed partial class RunFolder
{
    /// <summary>The first line of <c>metrics.csv</c>.</summary>
    public const string MetricsHeader =
        "epoch,steps,train_loss,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second,"
        + "val_balanced_accuracy,val_macro_f1,train_top1,peak_memory_bytes,processes,waiting_seconds";

    /// <summary>The first line of <c>steps.csv</c>.</summary>
    public const string StepsHeader = "step,epoch,loss,learning_rate";

    internal static JsonSerializerOptions Json { get; } = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter() },
    };

    private const string ThresholdName = "threshold.json";
    private const string TestName = "test.json";
    private const string LockName = ".lock";

    // The metadata of the weights, with which their file is enough for predictions.
    private const string NetworkKey = "network", ClassesKey = "classes", PreprocessingKey = "preprocessing";

    private static readonly string[] s_textFiles = ["classes.txt", "metrics.csv", "steps.csv"];

    private readonly Lazy<DatasetManifest?> _manifest;

    private RunFolder(string path, RunSettings settings, IReadOnlyList<string> classes, Lazy<DatasetManifest?>? manifest = null)
    {
        (Path, Settings, Classes) = (path, settings, classes);
        string file = FilePath(DatasetManifest.FileName);
        _manifest = manifest ?? new(() => File.Exists(file) ? DatasetManifest.Read(file) : null);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The run's settings.</summary>
    public RunSettings Settings { get; }

    /// <summary>The names of the classes, in the order of the network's outputs.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The images that the run was begun with; null if it was begun without a manifest.</summary>
    /// <exception cref="DatasetException">The manifest cannot be read.</exception>
    public DatasetManifest? Manifest => _manifest.Value;

    /// <summary>The threshold that was chosen for the best weights, of which there are two classes; null if none was chosen.</summary>
    /// <exception cref="RunFolderException">The threshold cannot be read, or is of other classes.</exception>
    public DecisionThreshold? Threshold
    {
        get
        {
            if (!File.Exists(FilePath(ThresholdName))) return null;
            try
            {
                var threshold = JsonSerializer.Deserialize<DecisionThreshold>(File.ReadAllText(FilePath(ThresholdName)), Json)
                    ?? throw new JsonException("it is empty");
                return Classes.Count == 2 && Classes.ToHashSet().SetEquals([threshold.PositiveClass, threshold.OtherClass])
                    ? threshold
                    : throw new JsonException("it is of other classes than the run");
            }
            catch (Exception e) when (e is JsonException or ArgumentException or IOException or UnauthorizedAccessException)
            {
                throw new RunFolderException(
                    $"The {ThresholdName} in '{Path}' cannot be used: {e.Message.TrimEnd('.')}. Delete it, or choose a threshold again.",
                    e);
            }
        }
    }

    /// <summary>Whether it has weights yet.</summary>
    public bool HasWeights => File.Exists(WeightsPath);

    /// <summary>The folder and the intervals of the checkpoints.</summary>
    public CheckpointOptions Checkpoints => new()
    {
        Folder = FilePath("checkpoints"),
        EverySteps = Settings.CheckpointSteps,
        Every = Settings.CheckpointMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
        Keep = Settings.KeepCheckpoints,
    };

    /// <summary>Whether <c>settings.json</c> lacks the last extension.</summary>
    internal bool IsExtended { get; private init; }

    private string WeightsPath => FilePath("weights.safetensors");

    /// <summary>Makes a folder for a new run.</summary>
    /// <param name="path">The folder; it may exist but must not contain another run.</param>
    /// <param name="settings">The settings of the run.</param>
    /// <param name="classes">The names of the classes; none may have a line break in it.</param>
    /// <param name="manifest">The images of the run; null for none, so that changes of the images are not noticed later.</param>
    /// <exception cref="ArgumentException">A class has a line break in its name.</exception>
    /// <exception cref="RunFolderException">The folder contains another run, or cannot be made.</exception>
    public static RunFolder Create(
        string path, RunSettings settings, IReadOnlyList<string> classes, DatasetManifest? manifest = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(classes);
        if (classes.FirstOrDefault(name => name.AsSpan().IndexOfAny('\n', '\r') >= 0) is { } broken)
            throw new ArgumentException($"The class '{broken.ReplaceLineEndings("\\n")}' has a line break in its name.", nameof(classes));
        var run = new RunFolder(path, settings, [.. classes], new Lazy<DatasetManifest?>(manifest));
        RefuseOccupied(run);
        run.Writing(() =>
        {
            Directory.CreateDirectory(path);
            // The settings come first: if the process is killed here, the folder is known as a run's, and the run can be started again.
            run.SaveSettings();
            // The folder may have been that of a run without weights.
            if (manifest is null) File.Delete(run.FilePath(DatasetManifest.FileName));
            else manifest.Write(run.FilePath(DatasetManifest.FileName));
            // The classes come last: without them the run cannot be resumed.
            run.Write("classes.txt", string.Concat(classes.Select(name => name + "\n")));
        });
        run.SaveMetrics([], []);
        return run;
    }

    /// <summary>Opens the folder of a run that has weights.</summary>
    /// <exception cref="RunFolderException">The folder does not exist, or is not a run's.</exception>
    public static RunFolder Open(string path) => Open(path, "settings.json", "classes.txt", "weights.safetensors");

    /// <summary>Opens the folder of a run that may have been stopped, to resume it.</summary>
    /// <exception cref="RunFolderException">The folder does not exist, or is not a run's.</exception>
    public static RunFolder OpenUnfinished(string path)
    {
        var run = Open(path, "settings.json", "classes.txt");
        run.RemoveLeftovers();
        return run;
    }

    private static RunFolder Open(string path, params string[] needed)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new RunFolderException($"There is no run folder '{path}'.") { Problem = RunFolderProblem.Missing };
        foreach (string name in needed)
        {
            if (!File.Exists(System.IO.Path.Combine(path, name)))
            {
                string kind = needed.Length > 2 ? "finished run" : "run";
                throw new RunFolderException($"The folder '{path}' is not that of a {kind}: it has no {name}.");
            }
        }
        try
        {
            var settings = ReadSettings(File.ReadAllText(System.IO.Path.Combine(path, "settings.json")));
            return new RunFolder(path, settings, File.ReadAllLines(System.IO.Path.Combine(path, "classes.txt")));
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
        {
            throw new RunFolderException($"The settings.json in '{path}' cannot be used: {e.Message}", e);
        }
    }

    private static RunSettings ReadSettings(string text)
    {
        var json = JsonNode.Parse(text);
        // libtorch computed everything in the runs of versions without engines, and goes on with them.
        if (json is JsonObject settings && settings[nameof(RunSettings.Training)] is JsonObject training
            && !training.ContainsKey(nameof(TrainerOptions.Engine)))
            training.Add(nameof(TrainerOptions.Engine), $"{TrainingEngine.Torch}");
        return json.Deserialize<RunSettings>(Json) ?? throw new JsonException("it is empty");
    }

    /// <summary>
    /// Updates the folder while a trainer works: the weights whenever they are the best so far, metrics and report after each
    /// epoch, TensorBoard's files. Subscribe to the trainer's events after this to find the files written.
    /// </summary>
    /// <param name="trainer">The trainer, before it begins.</param>
    /// <param name="model">The network that it trains.</param>
    /// <param name="evaluation">
    /// The evaluation images, for the most confident mistakes in the report; null for none.
    /// </param>
    /// <returns>An object that ends the updates when it is disposed.</returns>
    public RunRecorder Record(Trainer trainer, ResNetModel model, ImageLoader? evaluation)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        ArgumentNullException.ThrowIfNull(model);
        return new RunRecorder(this, trainer, model, evaluation);
    }

    /// <summary>Writes the network's weights; existing weights stay if writing fails.</summary>
    /// <exception cref="RunFolderException">The folder cannot be written.</exception>
    public void SaveWeights(ResNetModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Writing(() =>
        {
            // A threshold is of the weights that it was chosen for, and so are the results of a test before the run was extended.
            File.Delete(FilePath(ThresholdName));
            File.Delete(FilePath(TestName));
            model.SaveWeights(WeightsPath, new Dictionary<string, string>
            {
                ["format"] = "pt",
                [NetworkKey] = Settings.Network,
                [ClassesKey] = JsonSerializer.Serialize(Classes),
                [PreprocessingKey] = JsonSerializer.Serialize(Settings.Preprocessing, Json),
            });
        });
    }

    /// <summary>Writes a threshold for the best weights to <c>threshold.json</c>; new weights delete it.</summary>
    /// <param name="threshold">The threshold.</param>
    /// <exception cref="RunFolderException">The folder cannot be written.</exception>
    public void SaveThreshold(DecisionThreshold threshold)
    {
        ArgumentNullException.ThrowIfNull(threshold);
        Writing(() => Write(ThresholdName, JsonSerializer.Serialize(threshold, Json) + "\n"));
    }

    /// <summary>
    /// Returns the same run with its data set at another place, and notes that place in <c>settings.json</c>; <see cref="Record"/> does so
    /// for a run that was just extended.
    /// </summary>
    /// <param name="dataset">The folder that has the images now.</param>
    /// <exception cref="RunFolderException">The folder cannot be written.</exception>
    public RunFolder MoveDataset(string dataset)
    {
        var moved = new RunFolder(Path, Settings with { Dataset = dataset }, Classes, _manifest) { IsExtended = IsExtended };
        // A recorder writes both changes of an extended run, as soon as its extension is known to be possible.
        if (!IsExtended) moved.SaveSettings();
        return moved;
    }

    /// <summary>
    /// Returns the same, finished run with further epochs in its settings. A trainer with these settings that resumes the run goes on
    /// with it (<see cref="TrainerOptions.Extensions"/>); <see cref="Record"/> writes them to <c>settings.json</c> as soon as it does.
    /// </summary>
    /// <param name="epochs">The number of further epochs, at least 1.</param>
    /// <param name="learningRate">The highest learning rate of these epochs, more than 0; null for that of the run.</param>
    /// <exception cref="InvalidOptionException">A value is out of its range.</exception>
    /// <exception cref="RunFolderException">The run is not finished, or has no checkpoints.</exception>
    /// <exception cref="CheckpointException">Its checkpoints are damaged.</exception>
    public RunFolder Extend(int epochs, double? learningRate = null)
    {
        using var checkpoint = new CheckpointFolder(Checkpoints.Folder, Checkpoints.Keep).OpenLatest();
        if (checkpoint is null)
        {
            throw new RunFolderException(
                $"The run '{Path}' has no checkpoints, from which it could go on: begin a new run with its weights.");
        }
        int after = TrainingState.ReadEnd(checkpoint, Settings.Training)
            ?? throw new RunFolderException($"The run '{Path}' is not finished, so it cannot be extended: resume it first.")
            {
                Problem = RunFolderProblem.Unfinished,
            };
        var extension = new RunExtension { After = after, Epochs = epochs, LearningRate = learningRate };
        var training = Settings.Training with { Extensions = [.. Settings.Training.Extensions ?? [], extension] };
        return new RunFolder(Path, Settings with { Training = training }, Classes, _manifest) { IsExtended = true };
    }

    /// <summary>Writes the results on the test images to <c>test.json</c>.</summary>
    /// <param name="result">The results.</param>
    /// <exception cref="RunFolderException">The folder cannot be written.</exception>
    public void SaveTest(EvaluationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var numbers = new
        {
            result.Images, result.Loss, result.Top1, result.Top5, result.BalancedAccuracy, result.MacroF1, result.CalibrationError,
        };
        Writing(() => Write(TestName, JsonSerializer.Serialize(numbers, Json) + "\n"));
    }

    /// <summary>Writes <c>metrics.csv</c> and <c>steps.csv</c>.</summary>
    /// <param name="epochs">All epochs so far.</param>
    /// <param name="steps">All steps so far.</param>
    /// <exception cref="RunFolderException">The folder cannot be written.</exception>
    public void SaveMetrics(IReadOnlyList<EpochMetrics> epochs, IReadOnlyList<StepMetrics> steps)
    {
        ArgumentNullException.ThrowIfNull(epochs);
        ArgumentNullException.ThrowIfNull(steps);
        var rows = new StringBuilder(MetricsHeader).Append('\n');
        foreach (var m in epochs)
        {
            string own = $"{Loss(m.ValidationLoss)},{Percent(m.Top1)},{Percent(m.Top5)}";
            string average = $"{Loss(m.AverageLoss)},{Percent(m.AverageTop1)},{Percent(m.AverageTop5)}";
            rows.Append(CultureInfo.InvariantCulture, $"{m.Epoch},{m.Steps},{Loss(m.TrainLoss)},{own},{average},")
                .Append(CultureInfo.InvariantCulture, $"{m.LearningRate:0.########},{Number(m.ImagesPerSecond, "0.0")},")
                .Append(CultureInfo.InvariantCulture, $"{Percent(m.BalancedAccuracy)},{Loss(m.MacroF1)},")
                .Append(CultureInfo.InvariantCulture, $"{Percent(m.TrainTop1)},{m.PeakMemoryBytes},")
                .Append(CultureInfo.InvariantCulture, $"{m.Processes},{Number(m.WaitingSeconds, "0.0")}\n");
        }
        var lines = new StringBuilder(StepsHeader).Append('\n');
        foreach (var (step, epoch, loss, rate) in steps)
            lines.Append(CultureInfo.InvariantCulture, $"{step},{epoch},{Loss(loss)},{rate:0.########}\n");
        Writing(() =>
        {
            Write("metrics.csv", rows.ToString());
            Write("steps.csv", lines.ToString());
        });
    }

    /// <summary>Builds the run's network and reads its weights. The caller disposes it.</summary>
    /// <param name="device">The device of the network.</param>
    /// <exception cref="WeightsFileException">The weights cannot be read, or have another network or number of classes.</exception>
    public ResNetModel LoadModel(Device device)
    {
        var model = ResNets.Create(Settings.Network, Classes.Count, Settings.Channels, device);
        try
        {
            model.LoadWeights(WeightsPath);
            return model.ToChannelsLast();
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Builds the network of a run's <c>weights.safetensors</c>, which carries its classes and its preprocessing. The caller disposes it.
    /// </summary>
    /// <exception cref="RunFolderException">The file is not that of a run, or of an older one.</exception>
    /// <exception cref="WeightsFileException">The weights cannot be read.</exception>
    internal static (ResNetModel Model, IReadOnlyList<string> Classes, Preprocessing Preprocessing) LoadModel(string path, Device device)
    {
        string network;
        string[] classes;
        Preprocessing preprocessing;
        using (var file = WeightsFile.Load(path))
        {
            try
            {
                network = file.Metadata[NetworkKey];
                classes = JsonSerializer.Deserialize<string[]>(file.Metadata[ClassesKey]) ?? throw new JsonException("it has no classes");
                preprocessing = JsonSerializer.Deserialize<Preprocessing>(file.Metadata[PreprocessingKey], Json)
                    ?? throw new JsonException("it has no preprocessing");
            }
            catch (Exception failure) when (failure is KeyNotFoundException or JsonException)
            {
                throw new RunFolderException(
                    $"The file '{path}' lacks the classes and the preprocessing that 'weights.safetensors' of a run has: give the run's "
                    + "folder, or make a classifier of a network, its classes and its transforms.", failure);
            }
        }
        var model = ResNets.Create(network, options => options with
        {
            Classes = classes.Length,
            InputChannels = preprocessing.Mean.Count,
            Device = device,
        });
        try
        {
            model.LoadWeights(path);
            return (model.ToChannelsLast(), classes, preprocessing);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Returns the loader options for evaluating the run's network.</summary>
    public ImageLoaderOptions EvaluationOptions => new() { BatchSize = Settings.BatchSize, Channels = Settings.Channels };

    // A run that ended without weights or checkpoints may be started again in its folder; nothing else is overwritten.
    private static void RefuseOccupied(RunFolder run)
    {
        if (run.HasWeights || Directory.Exists(run.Checkpoints.Folder))
            throw new RunFolderException($"The folder '{run.Path}' already has a run in it.") { Problem = RunFolderProblem.Occupied };
        string? foreign = s_textFiles.FirstOrDefault(name => File.Exists(run.FilePath(name)));
        if (foreign is not null && !File.Exists(run.FilePath("settings.json")))
        {
            throw new RunFolderException($"The folder '{run.Path}' has a {foreign} in it that is not a run's.")
            {
                Problem = RunFolderProblem.Foreign,
            };
        }
    }

    internal void SaveSettings() => Writing(() => Write("settings.json", JsonSerializer.Serialize(Settings, Json) + "\n"));

    internal void SaveReport(ReportContent content)
    {
        string page = HtmlReport.Create(content);
        Writing(() => Write("report.html", page));
    }

    /// <summary>Keeps other processes from recording in the same folder, until the result is disposed or the process ends.</summary>
    /// <exception cref="RunFolderException">Another process records in it, or it cannot be written.</exception>
    internal FileStream Lock()
    {
        FileStream? held = null;
        Writing(() =>
        {
            try
            {
                held = new FileStream(
                    FilePath(LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1,
                    FileOptions.DeleteOnClose);
            }
            catch (IOException taken) when (taken.GetType() == typeof(IOException) && File.Exists(FilePath(LockName)))
            {
                throw new RunFolderException(
                    $"Another process trains in the run folder '{Path}': wait for its end, or choose another one.", taken);
            }
        });
        return held!;
    }

    // Events of former processes are no longer valid.
    internal TensorBoardWriter OpenBoard()
    {
        TensorBoardWriter? board = null;
        Writing(() => board = new TensorBoardWriter(FilePath("tensorboard"), firstStep: 1));
        return board!;
    }

    // Leftovers of a process that was killed while it wrote; the next one writes the whole file.
    private void RemoveLeftovers() => Writing(() =>
    {
        var leftovers = Directory.EnumerateFiles(Path, "*.tmp").Where(file => Leftover.IsMatch(System.IO.Path.GetFileName(file)));
        foreach (string file in leftovers.ToList()) File.Delete(file);
    });

    [GeneratedRegex(
        @"^(weights\.safetensors|report\.html|(metrics|steps)\.csv|(settings|test|trace)\.json|classes\.txt|images\.tsv)"
        + @"\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex Leftover { get; }

    private static string Loss(double? value) => Number(value, "0.######");

    private static string Percent(double? value) => Number(value, "0.00##");

    // Missing evaluations are left empty.
    private static string Number(double? value, string format) =>
        value is { } number && !double.IsNaN(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "";

    private void Writing(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An error of writing a file is an error of writing the folder.
            var cause = e.InnerException ?? e;
            string reason = cause is DirectoryNotFoundException ? "it is no longer there" : cause.Message.Split(" : ")[0].TrimEnd('.');
            throw new RunFolderException($"The run folder '{Path}' cannot be written: {reason}.", e)
            {
                Problem = RunFolderProblem.Unwritable,
            };
        }
    }

    private string FilePath(string name) => System.IO.Path.Combine(Path, name);

    private void Write(string name, string text) => AtomicFile.Write(FilePath(name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
