using Microsoft.Extensions.Logging;
using ResNet.Training.Evaluation;
using ResNet.Training.TrainingLoop.Results;
using ResNet.Training.TrainingLoop.Telemetry;

namespace ResNet.Training.Tests.TrainingLoop;

public class TrainerLogTests
{
    private static readonly EpochMetrics s_trained =
        new() { Epoch = 2, Steps = 400, TrainLoss = 1.25, LearningRate = 0.05, ImagesPerSecond = 384.9 };

    private readonly Recorder _log = new();

    [Fact]
    public void A_run_says_what_it_trains_on_what_and_where_it_goes_on()
    {
        _log.RunStarted("resnet18", "cpu", Precision.Full, 500);
        _log.RunResumed("resnet18", "cuda:0", Precision.BFloat16, 120, 500, "runs/a/step-120.safetensors");
        _log.Lines.Should().Equal(
            "1 Information Training resnet18 on cpu in Full precision: 500 steps",
            "2 Information Resuming resnet18 on cuda:0 in BFloat16 precision from step 120 of 500, "
            + "as stored in 'runs/a/step-120.safetensors'");
    }

    [Fact]
    public void An_epoch_has_a_line_for_training_and_one_for_each_evaluation()
    {
        var metrics = s_trained with { Evaluation = new(0.5, 80.5, 99.25, 100, 400), AverageEvaluation = new(0.25, 90, 100, 100, 400) };
        _log.EpochCompleted(metrics, epochs: 5);
        _log.Lines.Should().Equal(
            "10 Information Epoch 2 of 5, step 400: train loss 1.2500, learning rate 0.05, 385 img/s",
            "11 Information Epoch 2: val loss 0.5000, top-1 80.50 %, top-5 99.25 %",
            "12 Information Epoch 2, averaged weights: val loss 0.2500, top-1 90.00 %, top-5 100.00 %");
    }

    [Fact]
    public void Top_5_is_left_out_for_five_classes_and_logged_for_six()
    {
        _log.EpochCompleted(s_trained with { Evaluation = Of(5), AverageEvaluation = Of(5) }, epochs: 5);
        _log.EpochCompleted(s_trained with { Evaluation = Of(6) }, epochs: 5);
        _log.Lines.Where(line => !line.StartsWith("10 ", StringComparison.Ordinal)).Should().Equal(
            "13 Information Epoch 2: val loss 0.5000, top-1 80.50 %",
            "14 Information Epoch 2, averaged weights: val loss 0.5000, top-1 80.50 %",
            "11 Information Epoch 2: val loss 0.5000, top-1 80.50 %, top-5 99.25 %");

        static EvaluationResult Of(int classes) => new(0.5, 80.5, 99.25, 1, 400) { Confusion = new ConfusionMatrix(classes, [0], [0]) };
    }

    [Fact]
    public void An_epoch_without_evaluation_has_a_line()
    {
        _log.EpochCompleted(s_trained, epochs: 5);
        _log.Lines.Should().ContainSingle();
    }

    [Fact]
    public void What_goes_wrong_is_a_warning_and_what_ends_the_run_an_error()
    {
        _log.CheckpointDamaged("a.safetensors", "its checksum is another one");
        _log.FullPrecisionInstead(Precision.BFloat16, "cpu");
        _log.StepSkipped(7);
        _log.Interrupted(8, 500);
        _log.LossNotFinite(9);
        _log.Lines.Should().Equal(
            "21 Warning The checkpoint 'a.safetensors' is damaged and passed over: its checksum is another one",
            "30 Warning BFloat16 precision was asked for, but cpu has no instructions for it: training in full precision",
            "31 Warning Step 7 is skipped: its loss or a gradient is not finite",
            "5 Information Interrupted after step 8 of 500",
            "32 Error The loss is not finite at step 9: the run stops");
    }

    [Fact]
    public void Values_are_fields_of_the_message()
    {
        _log.CheckpointSaved(40, "runs/a/step-40.safetensors", 0.25);
        _log.Fields.Should().Contain("Step", 40L).And.Contain("Path", "runs/a/step-40.safetensors").And.Contain("Seconds", 0.25);
    }

    [Fact]
    public void Every_message_has_a_number_of_its_own()
    {
        var numbers = typeof(TrainerLog).GetMethods(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
            .SelectMany(method => method.GetCustomAttributesData())
            .Where(attribute => attribute.AttributeType == typeof(LoggerMessageAttribute))
            .Select(attribute => (int)attribute.ConstructorArguments[0].Value!);
        numbers.Should().NotBeEmpty().And.OnlyHaveUniqueItems();
    }

    private sealed class Recorder : ILogger
    {
        public List<string> Lines { get; } = [];

        public Dictionary<string, object?> Fields { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Add($"{eventId.Id} {logLevel} {formatter(state, exception)}");
            foreach (var (name, value) in (IEnumerable<KeyValuePair<string, object?>>)state!) Fields[name] = value;
        }
    }
}
