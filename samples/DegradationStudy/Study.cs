using System.Diagnostics;
using System.Globalization;
using ResNet.Core;
using ResNet.Training.Checkpoints;
using ResNet.Training.Evaluation;
using ResNet.Training.Recipes;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace DegradationStudy;

/// <summary>Trains the four networks one after the other and measures their errors during training.</summary>
internal sealed class Study(string folder, StudySettings settings, Recipe recipe, StudyData data, Device device)
{
    /// <summary>The networks, in the order in which they are trained.</summary>
    internal static readonly string[] Networks = ["plain20", "plain56", "resnet20", "resnet56"];

    private static readonly TimeSpan s_betweenCheckpoints = TimeSpan.FromMinutes(2);

    private readonly ErrorTable _errors = new(folder);
    private readonly Evaluator _part = new(data.Part);
    private readonly Evaluator _test = new(data.Test);

    /// <summary>Trains the networks that are not fully trained yet.</summary>
    /// <exception cref="OperationCanceledException">The study was cancelled; the results so far are kept.</exception>
    internal void Run(CancellationToken cancellationToken)
    {
        foreach (string network in Networks)
        {
            if (!_errors.Has(network, settings.Steps)) Train(network, cancellationToken);
        }
        ErrorFigure.Write(FigurePath, _errors, settings.Steps);
        Console.WriteLine();
        foreach (var (network, step, training, test) in Networks.Select(network => _errors.Of(network)[^1]))
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{network,-9} after {step:N0} steps: training error {training:0.0} %, test error {test:0.0} %"));
        Compare("plain20", "plain56");
        Compare("resnet20", "resnet56");
        Console.WriteLine($"The errors are in {Path.Combine(folder, "degradation.csv")}, drawn in {FigurePath}");
    }

    /// <summary>Measures the time of a training step and of an error measurement of a network.</summary>
    internal static (TimeSpan Step, TimeSpan Measurement) Probe(
        string network, Recipe recipe, StudyData data, Device device, CancellationToken cancellationToken)
    {
        const int Warmup = 3, Timed = 12;
        using var model = Create(network, data.Classes, device, seed: 0);
        var trainer = new Trainer(data.Training, evaluation: null, recipe.Training with { Steps = Warmup + Timed });
        var clock = new Stopwatch();
        trainer.StepCompleted += step =>
        {
            if (step.Step == Warmup) clock.Start();
            if (step.Step == Warmup + Timed) clock.Stop();
        };
        trainer.Train(model, cancellationToken: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var evaluated = new Evaluator(data.Part).Evaluate(model, cancellationToken: cancellationToken);
        return (clock.Elapsed / Timed, TimeSpan.FromSeconds((data.Part.Images + data.Test.Images) / evaluated.ImagesPerSecond));
    }

    private string FigurePath => Path.Combine(folder, "degradation.svg");

    private static ResNetModel Create(string network, int classes, Device device, long seed)
    {
        manual_seed(seed);
        return ResNets.Create(network, classes, device: device);
    }

    private void Train(string network, CancellationToken cancellationToken)
    {
        using var model = Create(network, data.Classes, device, settings.Seed);
        var options = recipe.Training with
        {
            Steps = settings.Steps,
            Checkpoints = new CheckpointOptions { Folder = Path.Combine(folder, network), Every = s_betweenCheckpoints, Keep = 2 },
        };
        var trainer = new Trainer(data.Training, evaluation: null, options);
        var clock = Stopwatch.StartNew();
        long first = 0;
        trainer.Resumed += from =>
        {
            first = from.Step;
            if (from.Checkpoint is not null) Console.WriteLine($"{network}: goes on after step {from.Step:N0}");
            Measure(from.Step);
        };
        trainer.CheckpointDamaged += damage => Console.WriteLine($"{network}: {damage.Message}");
        trainer.StepCompleted += step => Measure(step.Step);
        if (trainer.Train(model, resume: true, cancellationToken: cancellationToken).Interrupted)
            throw new OperationCanceledException(cancellationToken);

        void Measure(long step)
        {
            // A resumed run passes some steps again, and would measure the same errors there.
            if (step == 0 || !settings.IsMeasured(step) || _errors.Has(network, step)) return;
            _errors.Add(new ErrorPoint(network, step, Error(_part), Error(_test)));
            ErrorFigure.Write(FigurePath, _errors, settings.Steps);
            var point = _errors.Of(network).Find(point => point.Step == step);
            var left = step > first ? clock.Elapsed / (step - first) * (settings.Steps - step) : TimeSpan.Zero;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{network} {step:N0}/{settings.Steps:N0}: training error {point.TrainingError:0.0} %, test error {point.TestError:0.0} %, "
                + $"{left.TotalHours:0.0} h left for it"));
        }

        double Error(Evaluator evaluator) => 100 - evaluator.Evaluate(model, progress: null, cancellationToken).Top1;
    }

    // Describes the last points only; it says nothing about more steps or other seeds.
    private void Compare(string shallow, string deep)
    {
        var (a, b) = (_errors.Of(shallow)[^1], _errors.Of(deep)[^1]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{deep} against {shallow}, one run each: training error {b.TrainingError - a.TrainingError:+0.0;-0.0;0.0} points, "
            + $"test error {b.TestError - a.TestError:+0.0;-0.0;0.0} points"));
    }
}
