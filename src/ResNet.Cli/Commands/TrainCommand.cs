using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Core.Layers;
using ResNet.Imaging;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Distributed;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;
using ResNet.Training.TrainingLoop.Telemetry;
using static TorchSharp.torch;

namespace ResNet.Cli.Commands;

/// <summary><c>train</c>: trains a network and writes a run folder, resumes a stopped run, or extends a finished one.</summary>
internal sealed class TrainCommand
{
    private const double DefaultCheckpointMinutes = 10;
    private const double MostMinutes = 1_000_000;
    private const int NamedLeaks = 3;

    private readonly TrainerArguments _training = TrainerArguments.OfRun();
    private readonly RunArguments _run;
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Goes on with a run that was stopped, where it was; what it is trained on and how stays as it was. "
            + "With --dataset the same images may be in another folder.",
        HelpName = "FOLDER",
    };
    private readonly Option<string[]> _extend = new("--extend")
    {
        Description = "Goes on with a finished run for so many more epochs, in which the learning rate follows the run's schedule anew; "
            + "--learning-rate sets its highest value. With --dataset the same images may be in another folder.",
        HelpName = "EPOCHS FOLDER",
        Arity = new ArgumentArity(1, 2),
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int?> _checkpointSteps = new("--checkpoint-steps")
    {
        Description = "Steps from one checkpoint to the next within an epoch, beside those because of time.",
        HelpName = "N",
    };
    private readonly Option<double> _checkpointMinutes = new("--checkpoint-minutes")
    {
        Description = "Minutes from one checkpoint to the next within an epoch; 0 for none because of time.",
        HelpName = "N",
        DefaultValueFactory = _ => DefaultCheckpointMinutes,
        CustomParser = Number.Parse,
    };
    private readonly Option<int> _keepCheckpoints = new("--keep-checkpoints")
    {
        Description = "How many of the latest checkpoints are kept, beside the best one.",
        HelpName = "N",
        DefaultValueFactory = _ => 2,
    };
    private readonly Option<string?> _output = new("--output")
    {
        Description = "The run folder. Default: runs/<time>-<network>.",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _profile = new("--profile")
    {
        Arity = ArgumentArity.Zero,
        Description = "Shows at the end where the time of the steps went, by phase, layer and kind, and writes trace.json into the run "
            + "folder, for about://tracing in Chrome or ui.perfetto.dev.",
    };
    private readonly Option<int> _cache = new("--cache-mb")
    {
        Description = "Memory in MiB for decoded evaluation images, which then need not be decoded in each epoch; 0 for none.",
        HelpName = "N",
        DefaultValueFactory = _ => 256,
    };

    // The processes of a run, if mpirun has started several.
    private MpiCommunicator? _world;

    private TrainCommand() => _run = new RunArguments(_training);

    internal static Command Create(CancellationToken cancellationToken) => new TrainCommand().Build(cancellationToken);

    private Command Build(CancellationToken cancellationToken)
    {
        var command = new Command(
            "train", "Trains a network and leaves a run folder, for example: train --dataset photos --epochs 5. "
                + "Goes on after it was stopped by: train --resume FOLDER. Goes on after its end by: train --extend EPOCHS FOLDER");
        _run.AddTo(
            command,
            [SettingsFile.Option, _resume, _extend],
            [_checkpointSteps, _checkpointMinutes, _keepCheckpoints, _output, _cache, _profile, JsonOutput.Option]);
        command.SetAction(parsed =>
        {
            int code;
            try
            {
                code = parsed.GetResult(_extend) is { Implicit: false } ? Extend(parsed, cancellationToken)
                    : parsed.GetValue(_resume) is { } folder ? Resume(parsed, folder, cancellationToken)
                    : Begin(parsed, cancellationToken);
            }
            catch (Exception e) when (e is not CommunicationException)
            {
                // The others would wait for it.
                _world?.Abandon();
                throw;
            }
            _world?.Dispose();
            return code;
        });
        return command;
    }

    private int Begin(ParseResult parsed, CancellationToken cancellationToken)
    {
        // All errors of the command line are found before a dataset is unpacked.
        RefuseCheckpoints(parsed);
        var loading = Loading(parsed);
        double minutes = parsed.GetValue(_checkpointMinutes);
        var (data, settings, device) = _run.Read(parsed, cancellationToken, (_, loader) => RefuseUndividable(loader));
        settings = settings with
        {
            CheckpointSteps = parsed.GetValue(_checkpointSteps),
            CheckpointMinutes = minutes == 0 ? null : minutes,
            KeepCheckpoints = parsed.GetValue(_keepCheckpoints),
        };
        string folder = parsed.GetValue(_output) ?? NewFolder(settings.Network);
        var manifest = data.CreateManifest(loading.Workers, cancellationToken);
        return Train(
            () => RunFolder.Create(folder, settings, data.Train.Classes, manifest), manifest, settings, data, device, loading,
            resume: false, hasCheckpoint: false, profiles: parsed.GetValue(_profile), cancellationToken);
    }

    private int Resume(ParseResult parsed, string folder, CancellationToken cancellationToken)
    {
        if (FindUnchangeable(parsed, [_resume]) is { } refused)
            throw new CommandLineException(
                $"{refused.Name} cannot be changed with --resume, since the run would not end as it would have: leave it out, "
                + "or begin a new run.");
        var run = RunFolder.OpenUnfinished(folder);
        try
        {
            return GoOn(parsed, run, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The images were not read yet, or the network not made; the run is as it was.
            Console.WriteLine($"Stopped before the first step; go on{ByResuming(run)}");
            JsonOutput.Write(Describe(outcome: null, run));
            return ExitCode.Interrupted;
        }
    }

    private int Extend(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (FindUnchangeable(parsed, [_extend, _training.LearningRate]) is { } refused)
            throw new CommandLineException(
                $"{refused.Name} cannot be changed with --extend, which goes on with the run as it is: leave it out, or begin a new run.");
        if (parsed.GetValue(_extend) is not [var count, var folder])
            throw new CommandLineException("--extend needs a number of epochs and the folder of a run, such as --extend 5 runs/mine.");
        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int epochs) || epochs < 1)
            throw new CommandLineException(
                $"--extend is '{count}', but has to be a number of epochs, at least 1, and then the folder of a run.");
        var run = RunFolder.OpenUnfinished(folder).Extend(epochs, parsed.GetValue(_training.LearningRate));
        try
        {
            return GoOn(parsed, run, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run is as it was, without the extension.
            string[] values =
            [
                .. new Option[] { _training.LearningRate, _run.Dataset }.Select(parsed.GetResult)
                    .Where(option => option is { Implicit: false })
                    .Select(option => $" {option!.Option.Name} {LineBreaks.Quote(option.Tokens[0].Value)}"),
            ];
            Console.WriteLine(
                $"Stopped before the first step; extend it again{ByCommand($"--extend {epochs} {LineBreaks.Quote(run.Path)}")}"
                + string.Concat(values));
            JsonOutput.Write(Describe(outcome: null, run));
            return ExitCode.Interrupted;
        }
    }

    // What decides the result of a run cannot be changed afterwards.
    private Option? FindUnchangeable(ParseResult parsed, Option[] expected)
    {
        Option[] changeable = [.. expected, _run.Dataset, _run.Device, _run.Workers, _cache, _profile, JsonOutput.Option];
        return parsed.CommandResult.Children.OfType<OptionResult>()
            .FirstOrDefault(option => !option.Implicit && !changeable.Contains(option.Option))?.Option;
    }

    private int GoOn(ParseResult parsed, RunFolder run, CancellationToken cancellationToken)
    {
        var settings = run.Settings;
        if (settings.BatchSize % MpiCommunicator.LaunchedSize != 0)
        {
            throw new CommandLineException(
                $"The run has batches of {settings.BatchSize} images, which {MpiCommunicator.LaunchedSize} processes cannot divide: "
                + "resume it with a number of processes that divides them.");
        }
        var loading = Loading(parsed);
        var device = Devices.Parse(parsed.GetValue(_run.Device));
        string? moved = parsed.GetResult(_run.Dataset) is { Implicit: false } ? parsed.GetValue(_run.Dataset) : null;
        var opened = DataSource.Open(moved ?? settings.Dataset, settings.Splits, cancellationToken);
        var data = opened with { Channels = settings.Channels };
        if (!data.Train.Classes.SequenceEqual(run.Classes))
            throw new DatasetException(
                $"The classes in '{data.Train.Root}' are others than those the run '{run.Path}' began with: put the images back, "
                + "or begin a new run.");
        bool hasCheckpoint = !new CheckpointFolder(run.Checkpoints.Folder, run.Checkpoints.Keep).IsEmpty;
        var manifest = data.CreateManifest(loading.Workers, cancellationToken);
        RefuseOtherImages(run, manifest, data);
        if (moved is not null)
        {
            run = run.MoveDataset(data.Name);
            settings = run.Settings;
        }
        bool profiles = parsed.GetValue(_profile);
        return Train(() => run, manifest, settings, data, device, loading, resume: true, hasCheckpoint, profiles, cancellationToken);
    }

    // A run that ends on other images than it began with has a result that means nothing.
    private static void RefuseOtherImages(RunFolder run, DatasetManifest manifest, DataSource data)
    {
        if (run.Manifest is not { } before || before.CompareTo(manifest) is not { IsSame: false } changes) return;
        throw new DatasetException(
            $"The images in '{data.Root}' are not those that the run '{run.Path}' began with: {changes.Describe()}. Put them back, "
            + "give the folder where the same images are by --dataset, or begin a new run.");
    }

    private ImageLoaderOptions Loading(ParseResult parsed) => new()
    {
        Workers = parsed.GetValue(_run.Workers),
        CacheBytes = (long)parsed.GetValue(_cache) << 20,
    };

    private void RefuseCheckpoints(ParseResult parsed)
    {
        double minutes = parsed.GetValue(_checkpointMinutes);
        if (minutes is not (>= 0 and <= MostMinutes))
        {
            throw CommandLineException.About(_checkpointMinutes.Name, string.Create(
                CultureInfo.InvariantCulture, $"is {minutes}, but has to be between 0 and {MostMinutes}."));
        }
        _ = new CheckpointOptions
        {
            Folder = "checkpoints", EverySteps = parsed.GetValue(_checkpointSteps), Keep = parsed.GetValue(_keepCheckpoints),
        };
    }

    private static string ByResuming(RunFolder run) => ByCommand($"--resume {LineBreaks.Quote(run.Path)}");

    // With as many processes, for the same bits.
    private static string ByCommand(string options)
    {
        int processes = MpiCommunicator.LaunchedSize;
        return (processes > MpiCommunicator.LocalSize ? ", on the same hosts, by: " : " by: ")
            + (processes > 1 ? $"mpirun -n {processes} --bind-to none " : "") + $"resnet train {options}";
    }

    // Before the images are read, and before there is a folder.
    private static void RefuseUndividable(ImageLoaderOptions loader)
    {
        try
        {
            loader.ThrowIfUndividable(MpiCommunicator.LaunchedSize);
        }
        catch (InvalidOptionException e)
        {
            // By the option's name, also if its default cannot be divided.
            throw CommandLineException.About("--batch-size", $"is {e.Value}, but has to be {e.Accepted}.");
        }
    }

    // Two runs may begin in the same second.
    private static string NewFolder(string network)
    {
        string first = Path.Combine("runs", $"{DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{network}");
        string folder = first;
        for (int i = 2; Directory.Exists(folder); i++) folder = string.Create(CultureInfo.InvariantCulture, $"{first}-{i}");
        return folder;
    }

    private static MpiCommunicator? FindOthers()
    {
        try
        {
            return MpiCommunicator.IsLaunched ? MpiCommunicator.World : null;
        }
        catch (CommunicationException e)
        {
            // Nothing has begun that could be resumed.
            throw new CommandLineException(e.Message, e);
        }
    }

    private int Train(
        Func<RunFolder> open, DatasetManifest manifest, RunSettings settings, DataSource data, Device device, ImageLoaderOptions loading,
        bool resume, bool hasCheckpoint, bool profiles, CancellationToken cancellationToken)
    {
        var world = _world = FindOthers();
        if (world is not null) set_num_threads(MpiCommunicator.Threads);
        string[] notes = [.. data.Notes, .. Leaks(manifest), .. Copies(manifest)];
        foreach (string note in notes) Console.WriteLine($"Note: {note}");
        var loader = loading with
        {
            BatchSize = settings.BatchSize,
            Channels = settings.Channels,
            Seed = settings.Seed,
            OnUnreadableImage = settings.OnUnreadableImage,
        };
        var training = RunArguments.CreateLoader(settings, data, loading.Workers);
        var evaluation = new ImageLoader(data.Evaluation.Source, settings.EvaluationTransforms, loader);
        using var model = RunArguments.CreateNetwork(settings, data, device, hasCheckpoint, cancellationToken);
        if (world is { Rank: > 0 })
        {
            // It reads checkpoints, and the first process writes them, and all else.
            var shared = settings.Training with { Checkpoints = resume ? open().Checkpoints : null };
            var follower = new Trainer(training, evaluation, shared, new WarningLogger(), world);
            // Only this process meets the images of its share.
            NameSkipped(Console.Error.WriteLine, training, evaluation);
            return follower.Train(model, resume, progress: null, cancellationToken).Interrupted ? ExitCode.ResumeMe : ExitCode.Success;
        }
        var run = open();
        var options = settings.Training with { Checkpoints = run.Checkpoints };
        var trainer = new Trainer(training, evaluation, options, new WarningLogger(), world)
        {
            Profile = profiles ? new TrainingProfile() : null,
        };
        Console.WriteLine(
            $"{(resume ? "Resuming" : "Training")} {settings.Network}{(settings.Pretrained is null ? "" : $" from {settings.Pretrained}")} "
            + $"({model.parameters().Sum(parameter => parameter.numel()):N0} parameters) on {device}, "
            + $"{(world is null ? "" : $"{Counted.Of(world.Size, "process", "processes")} of ")}"
            + $"{Counted.Of(get_num_threads(), "thread", "threads")}: "
            + $"{Counted.Images(data.Train.Count)} of {Counted.Classes(data.Train.Classes.Count)}"
            + $"{(data.Train.Pack is not null ? $" from the packs in {data.Name}" : "")}, "
            + $"{Counted.Of(trainer.Epochs, "epoch", "epochs")} of {Counted.Of(training.Batches, "batch", "batches")} of "
            + $"{settings.BatchSize}{(world is null ? "" : $" ({settings.BatchSize / world.Size} a process)")}"
            + $"{(settings.Recipe is null ? "" : $" by the recipe {settings.Recipe}")}");
        DescribeEngine(trainer, model, settings);
        using var recording = run.Record(trainer, model, evaluation);
        recording.Notes = notes;
        Watch(trainer, training, evaluation);
        TrainingOutcome outcome;
        try
        {
            // A step may take a while.
            using var told = cancellationToken.Register(() => ConsoleProgress.WriteLine("Stopping after this step (again: at once)"));
            outcome = ConsoleProgress.Run(progress => trainer.Train(model, resume, progress, cancellationToken));
        }
        catch (ImageDecodingException)
        {
            Console.WriteLine($"Stopped; after the picture is mended or replaced, go on{ByResuming(run)}");
            throw;
        }
        catch (CommunicationException e)
        {
            // The other process says what it was.
            Console.WriteLine($"Stopped; {(e.HasFailed ? "after what has failed is mended, " : "")}go on{ByResuming(run)}");
            throw;
        }
        if (outcome.Interrupted)
        {
            // A run that is stopped before its first evaluation keeps the weights so far.
            if (!run.HasWeights) run.SaveWeights(model);
            Console.WriteLine(
                $"Stopped after {Counted.Of(outcome.Steps, "step", "steps")}; go on{ByResuming(run)}");
            Show(trainer.Profile, run);
            JsonOutput.Write(Describe(outcome, run));
            // mpirun tells some processes of a signal, and these the others.
            return world is null ? ExitCode.Interrupted : ExitCode.ResumeMe;
        }
        if (outcome.StoppedEarly) Console.WriteLine($"Ended after epoch {outcome.Epochs.Count}, since top-1 no longer rose");
        if (outcome.Best is { } best && outcome.Epochs.Count > 1)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Best: top-1 {best.Top1:0.00} % in epoch {best.Epoch}"));
        if (Collapse(outcome, run) is { } collapse) Console.WriteLine($"Hint: {collapse}");
        EvaluationResult? tested;
        try
        {
            tested = data.Test is null ? null : Evaluate(data.Test, settings, loader, recording, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.WriteLine($"Stopped before the end of the test; go on with it{ByResuming(run)}");
            JsonOutput.Write(Describe(outcome with { Interrupted = true }, run));
            return ExitCode.Interrupted;
        }
        Console.WriteLine(
            $"The weights, settings and metrics are in {LineBreaks.Quote(run.Path)}, and {LineBreaks.Quote(Report(run))} shows them");
        Show(trainer.Profile, run);
        JsonOutput.Write(Describe(outcome, run, tested));
        return ExitCode.Success;
    }

    private static EvaluationResult Evaluate(
        ImageSet test, RunSettings settings, ImageLoaderOptions loader, RunRecorder recording, CancellationToken cancellationToken)
    {
        var images = new ImageLoader(test.Source, settings.EvaluationTransforms, loader with { CacheBytes = 0 });
        var result = ConsoleProgress.Run(progress => recording.EvaluateTest(images, progress, cancellationToken));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Test: {Counted.Images(result.Images)} of {LineBreaks.Quote(test.Root)}, the best weights: loss {result.Loss:0.0000}, "
            + $"{Accuracy.Describe(result)}, balanced accuracy {result.BalancedAccuracy:0.00} %"
            + $"{Counted.Skipped(images.SkippedImages)}"));
        return result;
    }

    private static IEnumerable<string> Leaks(DatasetManifest manifest)
    {
        var leaks = manifest.FindLeaks();
        if (leaks.Count == 0) yield break;
        string named = string.Join(", ", leaks.Take(NamedLeaks).Select(leak => $"{leak.Evaluated.Path} = {leak.Trained.Path}"));
        string more = leaks.Count > NamedLeaks ? ", …" : "";
        yield return $"{Counted.Images(leaks.Count)} to evaluate on {(leaks.Count == 1 ? "is" : "are")} also among the training images "
            + $"({named}{more}), so the accuracy is too high: 'verify-data --all' lists all.";
    }

    private static IEnumerable<string> Copies(DatasetManifest manifest)
    {
        var copies = manifest.FindCopyPairs(DatasetSplit.Train);
        if (copies.Count == 0) yield break;
        int otherClass = copies.Count(pair => pair.First.Class != pair.Copy.Class);
        string named = string.Join(", ", copies.Take(NamedLeaks).Select(pair => $"{pair.Copy.Path} = {pair.First.Path}"));
        yield return $"{Counted.Of(copies.Count, "training image is a copy", "training images are copies")} of another one "
            + $"({named}{(copies.Count > NamedLeaks ? ", …" : "")})"
            + $"{(otherClass > 0 ? $", {otherClass:N0} of them in another class" : "")}: 'verify-data --all' lists all.";
    }

    // Nothing is said where all is as expected.
    private static void DescribeEngine(Trainer trainer, ResNetModel model, RunSettings settings)
    {
        if (model.Device.type != TorchSharp.DeviceType.CPU) return;
        var description = trainer.DescribeEngine(model);
        if (description.Engine == TrainingEngine.Kernels) return;
        if (settings.Training.Engine == TrainingEngine.Kernels)
            Console.WriteLine($"libtorch computes the network. {description.Reason}");
        if (OneDnn.IsLimited)
        {
            Console.WriteLine(
                "This virtual machine hides the sizes of its processor's caches, with which libtorch's fast convolutions would be wrong: "
                + "those for SSE4.1 take two to four times as long.");
        }
    }

    // The run is complete without it.
    private static void Show(TrainingProfile? profile, RunFolder run)
    {
        if (profile is null) return;
        Console.Write(profile);
        if (profile.Steps == 0) return;
        string path = Path.Combine(run.Path, "trace.json");
        try
        {
            profile.WriteTrace(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.WriteLine($"Note: the trace cannot be written to {LineBreaks.Quote(path)}: {e.Message}");
            return;
        }
        Console.WriteLine($"The trace is in {LineBreaks.Quote(path)}: open it with about://tracing in Chrome, or ui.perfetto.dev");
    }

    private static string Report(RunFolder run) => Path.Combine(run.Path, "report.html");

    // Of the best weights; nothing is known of an epoch before the run was resumed.
    private static string? Collapse(TrainingOutcome? outcome, RunFolder run)
    {
        var epoch = outcome?.Epochs.FirstOrDefault(epoch => epoch.Epoch == outcome.Best?.Epoch);
        var result = outcome?.Best is { IsAverage: true } ? epoch?.AverageEvaluation : epoch?.Evaluation;
        return result?.DescribeCollapse(run.Classes);
    }

    private static object Describe(TrainingOutcome? outcome, RunFolder run, EvaluationResult? tested = null) => new
    {
        Run = run.Path,
        // There is no evaluation before the end of the first epoch.
        Report = File.Exists(Report(run)) ? Report(run) : null,
        run.Settings.Network,
        run.Settings.Dataset,
        outcome?.Steps,
        Interrupted = outcome?.Interrupted ?? true,
        outcome?.StoppedEarly,
        outcome?.Best,
        Collapse = Collapse(outcome, run),
        Test = tested is null
            ? null
            : new
            {
                tested.Images, tested.Loss, tested.Top1, tested.Top5, tested.BalancedAccuracy, tested.MacroF1, tested.CalibrationError,
            },
        outcome?.Epochs,
    };

    private static void Watch(Trainer trainer, ImageLoader training, ImageLoader evaluation)
    {
        NameSkipped(ConsoleProgress.WriteLine, training, evaluation);
        trainer.Resumed += from => ConsoleProgress.WriteLine(
            from.Checkpoint is null ? "There is no checkpoint yet: the run begins anew"
            : from.IsOver ? "The run was at its end already"
            : $"Going on in epoch {from.Epoch} after {Counted.Of(from.Step, "step", "steps")}");
        long skippedBefore = 0;
        trainer.EpochCompleted += metrics =>
        {
            long skipped = training.SkippedImages + evaluation.SkippedImages - skippedBefore;
            skippedBefore += skipped;
            ConsoleProgress.WriteLine(Describe(metrics, trainer.Epochs) + Counted.Skipped(skipped));
        };
    }

    private static void NameSkipped(Action<string> write, params IEnumerable<ImageLoader> loaders)
    {
        var named = new HashSet<string>();
        foreach (var loader in loaders) loader.ImageSkipped += failure =>
        {
            // Once, and not in every epoch.
            if (named.Add(failure.Path)) write($"skipped: {failure.Message}");
        };
    }

    private static string Describe(EpochMetrics metrics, int epochs)
    {
        string evaluated = metrics.Evaluation is not { } result
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", val loss {result.Loss:0.0000}, {Accuracy.Describe(result)}");
        string trained = metrics.TrainTop1 is { } top1 ? string.Create(CultureInfo.InvariantCulture, $"{top1:0.00} %") : "not measured";
        string averaged = metrics.AverageEvaluation is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", of the average {metrics.AverageTop1:0.00} %");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Epoch {metrics.Epoch}/{epochs}: train loss {metrics.TrainLoss:0.0000}, train top-1 {trained}{evaluated}{averaged}, "
            + $"{metrics.ImagesPerSecond:0} img/s");
    }
}
