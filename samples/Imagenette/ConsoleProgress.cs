using System.Diagnostics;
using System.Globalization;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Training.Data.Datasets;
using ResNet.Training.Optimization;
using Spectre.Console;
using static TorchSharp.torch;

namespace Imagenette;

/// <summary>Shows long work: as a bar on a terminal, as a plain line every few seconds where the output goes elsewhere.</summary>
internal static class ConsoleProgress
{
    /// <summary>Whether somebody reads the output where it can be drawn.</summary>
    internal static bool IsTerminal => !(JsonOutput.IsAskedFor ? Console.IsErrorRedirected : Console.IsOutputRedirected) && AnsiConsole.Profile.Capabilities.Ansi;

    /// <summary>Does the work and shows how far it is.</summary>
    internal static T Run<T>(Func<IProgress<TrainingProgress>, T> work) =>
        IsTerminal ? Bars().Start(context => work(new TerminalProgress(context))) : work(new PlainProgress());

    /// <summary>Builds a network with published weights and shows how far their download is, if they are not there yet.</summary>
    internal static ResNetModel Create(PretrainedWeights weights, int? classes, Device device, CancellationToken cancellationToken) =>
        Prepare(progress => ResNets.Create(weights, classes, device, new DownloadSteps(progress), cancellationToken));

    /// <summary>Prepares something and shows how far it is, if there is anything to do.</summary>
    internal static T Prepare<T>(Func<IProgress<DatasetProgress>, T> work) =>
        IsTerminal ? Bars().Start(context => work(new TerminalSteps(context))) : work(new PlainSteps());

    /// <summary>Writes a line that stays: above the bar, where there is one.</summary>
    internal static void WriteLine(string line)
    {
        if (IsTerminal) AnsiConsole.WriteLine(line);
        else Console.WriteLine(line);
    }

    private static Progress Bars() => AnsiConsole.Progress().AutoClear(true).HideCompleted(true).Columns(
        new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn());

    private static string Describe(in TrainingProgress progress)
    {
        string phase = progress.Phase == TrainingPhase.Training ? "train" : "evaluate";
        string rate = progress.Phase == TrainingPhase.Training
            ? string.Create(CultureInfo.InvariantCulture, $"  lr {progress.LearningRate:0.0000}")
            : "";
        // Nothing is known before the first step of several batches is over.
        string loss = double.IsNaN(progress.Loss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {progress.Loss:0.000}");
        string left = progress.TimeLeft.ToString(progress.TimeLeft >= TimeSpan.FromHours(1) ? @"d\.hh\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{phase} {progress.Epoch}/{progress.Epochs}  {progress.ImagesPerSecond,4:0} img/s  {loss}{rate}  {left} left");
    }

    private sealed class DownloadSteps(IProgress<DatasetProgress> steps) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => steps.Report(new DatasetProgress($"Downloading {value.FileName}", value.Done, value.Total));
    }

    private sealed class TerminalProgress(ProgressContext context) : IProgress<TrainingProgress>
    {
        private (TrainingPhase, int)? _pass;
        private ProgressTask? _task;

        public void Report(TrainingProgress value)
        {
            // A new pass has a bar of its own in the place of the last one's.
            if (_pass != (value.Phase, value.Epoch))
            {
                _pass = (value.Phase, value.Epoch);
                _task?.StopTask();
                _task = context.AddTask(Markup.Escape(Describe(value)), maxValue: value.Steps);
            }
            _task!.Description = Markup.Escape(Describe(value));
            _task.Value = value.Step;
        }
    }

    private sealed class PlainProgress : IProgress<TrainingProgress>
    {
        private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

        private readonly Stopwatch _sinceLine = Stopwatch.StartNew();

        public void Report(TrainingProgress value)
        {
            if (value.Step != 1 && value.Step != value.Steps && _sinceLine.Elapsed < s_interval) return;
            _sinceLine.Restart();
            Console.WriteLine($"{Describe(value)}  ({value.Step}/{value.Steps})");
        }
    }

    // Several threads report.
    private sealed class TerminalSteps(ProgressContext context) : IProgress<DatasetProgress>
    {
        private readonly Dictionary<string, ProgressTask> _tasks = [];

        public void Report(DatasetProgress value)
        {
            lock (_tasks)
            {
                if (!_tasks.TryGetValue(value.Step, out var task)) _tasks.Add(value.Step, task = context.AddTask(Markup.Escape(value.Step)));
                task.MaxValue = Math.Max(1, value.Total);
                task.Value = Math.Max(task.Value, value.Done);
            }
        }
    }

    private sealed class PlainSteps : IProgress<DatasetProgress>
    {
        private readonly Lock _gate = new();
        private (string Step, long Tenth) _last;

        public void Report(DatasetProgress value)
        {
            var now = (value.Step, value.Total > 0 ? value.Done * 10 / value.Total : 0);
            lock (_gate)
            {
                if (now.Step == _last.Step && now.Item2 <= _last.Tenth) return;
                _last = now;
                Console.WriteLine(value.Total > 0 ? $"{now.Step}: {now.Item2 * 10} %" : now.Step);
            }
        }
    }
}
