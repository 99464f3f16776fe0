using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using ResNet.Training.TrainingLoop.Results;
using ResNet.Training.TrainingLoop.Telemetry;

namespace ResNet.Training.Tests.TrainingLoop;

public class TrainingMeterTests
{
    private static readonly EpochMetrics s_epoch = new()
    {
        Epoch = 3,
        TrainLoss = 0.75,
        LearningRate = 0.01,
        ImagesPerSecond = 400,
        Evaluation = new(0.5, 80, 99, 100, 400),
        AverageEvaluation = new(0.25, 90, 100, 100, 400),
    };

    [Fact]
    public void A_listener_hears_of_steps_losses_and_checkpoints()
    {
        using var meter = new TrainingMeter();
        var heard = Hear(meter, () =>
        {
            meter.Step(128, 0.5);
            meter.Step(64, 0.25);
            meter.Loss(2.5, 0.1);
            meter.StepSkipped();
            meter.ImagesSkipped(3);
            meter.Checkpoint(1.5, 1 << 20);
        });
        heard.Should().Equal(
            "resnet.training.steps 1", "resnet.training.images 128", "resnet.training.step.duration 0.5",
            "resnet.training.steps 1", "resnet.training.images 64", "resnet.training.step.duration 0.25",
            "resnet.training.loss 2.5", "resnet.training.learning_rate 0.1",
            "resnet.training.skipped_steps 1", "resnet.training.skipped_images 3",
            "resnet.training.checkpoint.duration 1.5", "resnet.training.checkpoint.size 1048576");
    }

    [Fact]
    public void An_epoch_tells_of_both_evaluations()
    {
        using var meter = new TrainingMeter();
        Hear(meter, () => meter.Epoch(s_epoch)).Should().Equal(
            "resnet.training.epoch 3", "resnet.training.speed 400", "resnet.training.loss 0.75", "resnet.training.learning_rate 0.01",
            "resnet.evaluation.loss trained 0.5", "resnet.evaluation.top1 trained 80", "resnet.evaluation.top5 trained 99",
            "resnet.evaluation.loss average 0.25", "resnet.evaluation.top1 average 90", "resnet.evaluation.top5 average 100");
    }

    [Fact]
    public void What_was_not_evaluated_is_not_told()
    {
        using var meter = new TrainingMeter();
        var metrics = s_epoch with { Evaluation = null, AverageEvaluation = null };
        Hear(meter, () => meter.Epoch(metrics)).Should().NotContain(line => line.StartsWith("resnet.evaluation"));
    }

    // https://opentelemetry.io/docs/specs/semconv/general/naming and /metrics: lower case, dots between namespaces, UCUM units.
    [Fact]
    public void Names_and_units_are_as_OpenTelemetry_has_them()
    {
        using var meter = new TrainingMeter();
        Instruments(meter).Should().HaveCount(14)
            .And.OnlyContain(instrument => System.Text.RegularExpressions.Regex.IsMatch(instrument.Name, @"^resnet(\.[a-z][a-z0-9_]*)+$"))
            .And.OnlyContain(instrument => "{step} {image} {epoch} {image}/s s By % 1".Contains(instrument.Unit!))
            .And.OnlyContain(instrument => instrument.Description!.Length > 0);
    }

    [Fact]
    public void An_exporter_of_OpenTelemetry_gets_the_sums_and_the_last_values()
    {
        // Other tests of this process may train at the same time.
        string network = $"network-{Guid.NewGuid():N}";
        using var exporter = new Memory(network);
        using var provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(TrainingMeter.MeterName)
            .AddReader(new BaseExportingMetricReader(exporter))
            .Build();
        using var meter = new TrainingMeter(network);
        meter.Step(128, 0.5);
        meter.Step(64, 0.25);
        meter.Loss(3, 0.1);
        meter.Epoch(s_epoch);
        provider!.ForceFlush();
        exporter.Values.Should().Contain(new KeyValuePair<string, double>("resnet.training.steps", 2))
            .And.Contain("resnet.training.images", 192)
            .And.Contain("resnet.training.loss", 0.75)
            .And.Contain("resnet.training.step.duration", 0.75)
            .And.Contain("resnet.evaluation.top1 trained", 80)
            .And.Contain("resnet.evaluation.top1 average", 90);
    }

    private static List<string> Hear(TrainingMeter meter, Action work)
    {
        var heard = new List<string>();
        using var listener = ListenTo(meter);
        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            heard.Add(string.Join(' ', [instrument.Name, .. tags.ToArray().Select(tag => tag.Value), value]));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.Start();
        work();
        return heard;
    }

    private static List<Instrument> Instruments(TrainingMeter meter)
    {
        var instruments = new List<Instrument>();
        using var listener = ListenTo(meter, instruments.Add);
        listener.Start();
        return instruments;
    }

    private static MeterListener ListenTo(TrainingMeter meter, Action<Instrument>? published = null) => new()
    {
        InstrumentPublished = (instrument, listener) =>
        {
            if (!meter.Owns(instrument)) return;
            published?.Invoke(instrument);
            listener.EnableMeasurementEvents(instrument);
        },
    };

    private sealed class Memory(string network) : BaseExporter<Metric>
    {
        public Dictionary<string, double> Values { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                if (metric.MeterTags?.Any(tag => Equals(tag.Value, network)) != true) continue;
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    string name = metric.Name;
                    foreach (var tag in point.Tags) name += $" {tag.Value}";
                    Values[name] = Value(metric.MetricType, point);
                }
            }
            return ExportResult.Success;
        }

        private static double Value(MetricType type, MetricPoint point) => type switch
        {
            MetricType.LongSum => point.GetSumLong(),
            MetricType.LongGauge => point.GetGaugeLastValueLong(),
            MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
            MetricType.Histogram => point.GetHistogramSum(),
            _ => throw new ArgumentException($"{type} is not expected."),
        };
    }
}
