using System.Diagnostics;
using System.Globalization;
using ResNet.Core;
using ResNet.Core.Weights.Published;
using ResNet.Training;
using ResNet.Training.Data;
using ResNet.Training.Distributed;
using Spectre.Console;
using Spectre.Console.Rendering;
using static TorchSharp.torch;

namespace ResNet.Cli.Output;

/// <summary>Shows the progress of long work: a bar on a terminal, and a plain line every few seconds if the output is redirected.</summary>
internal static class ConsoleProgress
{
    private const int WidestBar = 24;
    private const int NarrowestBar = 8;

    // A smaller learning rate has too few digits without an exponent.
    private const double LeastRate = 1e-3;

    // The widths of the text before the bar, and of the percentage with the space before it.
    private const int DescriptionWidth = 64;
    private const int PercentageWidth = 6;

    /// <summary>
    /// Whether the output goes to a terminal that can draw a bar; mpirun, which forwards it line by line, only pretends to be one.
    /// </summary>
    internal static bool IsTerminal =>
        !MpiCommunicator.IsLaunched && !(JsonOutput.IsAskedFor ? Console.IsErrorRedirected : Console.IsOutputRedirected)
        && AnsiConsole.Profile.Capabilities.Ansi;

    /// <summary>Does the work and shows its progress.</summary>
    internal static T Run<T>(Func<IProgress<TrainingProgress>, T> work) =>
        IsTerminal ? Bars().Start(context => work(new TerminalProgress(context))) : work(new PlainProgress());

    /// <summary>Builds a network with published weights, and shows the progress of their download if they are not in the cache.</summary>
    internal static ResNetModel Create(PretrainedWeights weights, int? classes, Device device, CancellationToken cancellationToken) =>
        Download(progress => ResNets.Create(weights, classes, device, progress, cancellationToken));

    /// <summary>Does work that may begin with a download, and shows the progress of the download.</summary>
    internal static T Download<T>(Func<IProgress<DownloadProgress>, T> work) => Prepare(progress => work(new DownloadSteps(progress)));

    /// <summary>Prepares something and shows the progress, if there is work to do.</summary>
    internal static T Prepare<T>(Func<IProgress<DatasetProgress>, T> work) =>
        IsTerminal ? Bars().Start(context => work(new TerminalSteps(context))) : work(new PlainSteps());

    /// <summary>Writes a permanent line, above the bar if there is one.</summary>
    internal static void WriteLine(string line)
    {
        if (IsTerminal) AnsiConsole.Write(new UnbrokenLines(LineBreaks.Split(line, AnsiConsole.Profile.Width)));
        else Console.WriteLine(line);
    }

    /// <summary>Restores the terminal if the process ends at once: shows the cursor, which bars hide.</summary>
    internal static void Abandon()
    {
        if (IsTerminal) Console.Write("\e[?25h\n");
    }

    // In a narrow window the bar is short, or left out, since the percentage says the same.
    private static Progress Bars()
    {
        int width = Math.Min(WidestBar, AnsiConsole.Profile.Width - DescriptionWidth - PercentageWidth);
        ProgressColumn[] bar = width >= NarrowestBar ? [new ProgressBarColumn { Width = width }] : [];
        return AnsiConsole.Progress().AutoClear(true).HideCompleted(true)
            .Columns([new TaskDescriptionColumn { Alignment = Justify.Left }, .. bar, new PercentageColumn()]);
    }

    // If there is too little room, the least important parts are left out.
    private static string DescribeShortly(in TrainingProgress progress)
    {
        int most = Math.Min(DescriptionWidth, AnsiConsole.Profile.Width - PercentageWidth);
        var (phase, speed, loss, rate, left) = Parts(progress);
        string[][] choices = [[phase, speed, loss, rate, left], [phase, speed, loss, left], [phase, loss, left], [phase, left]];
        return choices.Select(Join).FirstOrDefault(text => text.Length <= most) ?? phase;
    }

    private static string Describe(in TrainingProgress progress)
    {
        var (phase, speed, loss, rate, left) = Parts(progress);
        return Join([phase, speed, loss, rate, left]);
    }

    private static string Join(string[] parts) => string.Join("  ", parts.Where(part => part.Length > 0));

    private static (string Phase, string Speed, string Loss, string Rate, string Left) Parts(in TrainingProgress progress)
    {
        string phase = progress.Phase == TrainingPhase.Training ? "train" : "evaluate";
        string rate = progress.Phase == TrainingPhase.Training
            ? $"lr {progress.LearningRate.ToString(progress.LearningRate < LeastRate ? "0.0e0" : "0.0000", CultureInfo.InvariantCulture)}"
            : "";
        // There are no values before the end of the first step, if a step has several batches.
        string loss = double.IsNaN(progress.Loss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {progress.Loss:0.000}");
        string format = progress.TimeLeft >= TimeSpan.FromHours(1) ? @"d\.hh\:mm\:ss" : @"m\:ss";
        string left = progress.TimeLeft.ToString(format, CultureInfo.InvariantCulture);
        string speed = string.Create(CultureInfo.InvariantCulture, $"{progress.ImagesPerSecond,4:0} img/s");
        return ($"{phase} {progress.Epoch}/{progress.Epochs}", speed, loss, rate, $"{left} left");
    }

    /// <summary>Lines as they are, where Spectre's text would break words that are longer than the window.</summary>
    internal sealed class UnbrokenLines(IReadOnlyList<string> lines) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            foreach (string line in lines)
            {
                // The end of the bar is overwritten with blanks. A line longer than the window takes several of the terminal's.
                int rows = Math.Max(1, (line.Length + maxWidth - 1) / maxWidth);
                yield return new Segment(line.PadRight(rows * maxWidth));
                yield return Segment.LineBreak;
            }
        }
    }

    private sealed class DownloadSteps(IProgress<DatasetProgress> steps) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) =>
            steps.Report(new DatasetProgress($"Downloading {value.FileName}", value.Done, value.Total));
    }

    private sealed class TerminalProgress(ProgressContext context) : IProgress<TrainingProgress>
    {
        private (TrainingPhase, int)? _pass;
        private ProgressTask? _task;

        public void Report(TrainingProgress value)
        {
            // The bar of a new pass replaces the bar of the last pass.
            if (_pass != (value.Phase, value.Epoch))
            {
                _pass = (value.Phase, value.Epoch);
                _task?.StopTask();
                _task = context.AddTask(Markup.Escape(DescribeShortly(value)), maxValue: value.Steps);
            }
            _task!.Description = Markup.Escape(DescribeShortly(value));
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

    // Several threads report progress.
    private sealed class TerminalSteps(ProgressContext context) : IProgress<DatasetProgress>
    {
        private readonly Dictionary<string, ProgressTask> _tasks = [];

        public void Report(DatasetProgress value)
        {
            lock (_tasks)
            {
                if (!_tasks.TryGetValue(value.Step, out var task))
                    _tasks.Add(value.Step, task = context.AddTask(Markup.Escape(value.Step)));
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
