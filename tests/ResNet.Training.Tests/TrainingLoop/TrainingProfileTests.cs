using System.Text.Json;
using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Telemetry;

namespace ResNet.Training.Tests.TrainingLoop;

public sealed class TrainingProfileTests : IDisposable
{
    private const int Images = 40, BatchSize = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples = [];

    public TrainingProfileTests()
    {
        for (int i = 0; i < Images; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 16 * 16).Select(p => (byte)(p * (i + 3)))];
            _samples.Add(new ImageSample(_folder.Write($"{i:00}.png", PngEncoder.Encode(pixels, 16, 16, 1)), i % 2));
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_profile_has_the_times_of_the_steps_that_count()
    {
        var profile = new TrainingProfile(warmup: 2);
        Train(profile, TrainingEngine.Kernels);
        profile.Steps.Should().Be(8);
        profile.Images.Should().Be(8 * BatchSize);
        profile.Phases.Should().HaveCount(7);
        foreach (var phase in new[] { StepPhase.Forward, StepPhase.Backward, StepPhase.Optimizer, StepPhase.Input, StepPhase.Loss })
            profile.Phases[phase].Should().BePositive(phase.ToString());
        profile.Layers.Keys.Should().Contain(("layer1.0.conv1", TrainingWorkKind.WeightGradient));
        SumOf(TrainingWorkKind.Convolution, TrainingWorkKind.Norm).Should().BeLessThan(profile.Phases[StepPhase.Forward]);
        SumOf(TrainingWorkKind.InputGradient, TrainingWorkKind.WeightGradient).Should().BeLessThan(profile.Phases[StepPhase.Backward]);
        // The images of the second epoch may be decoded after its first step began, or before.
        profile.DecodedImages.Should().BeInRange(1, Images * 2);
        profile.Decoding.Should().BePositive();
        string text = profile.ToString();
        text.Should().StartWith("Profile of 8 steps after the first 2: ")
            .And.Contain("\n  waiting for images ").And.Contain("\n  optimizer ")
            .And.Contain("by kind:\n").And.Contain("\n  weight gradient ").And.Contain("by layer (12 of 42):\n").And.EndWith(" %\n");

        TimeSpan SumOf(params TrainingWorkKind[] kinds) => TimeSpan.FromTicks(
            profile.Layers.Where(entry => kinds.Contains(entry.Key.Kind)).Sum(entry => entry.Value.Ticks));
    }

    [Fact]
    public void A_trace_has_the_steps_the_layers_and_the_decoding()
    {
        var profile = new TrainingProfile(warmup: 1, traced: 3);
        Train(profile, TrainingEngine.Kernels);
        string path = _folder.File("trace.json");
        profile.WriteTrace(path);
        using var trace = JsonDocument.Parse(File.ReadAllBytes(path));
        var events = trace.RootElement.GetProperty("traceEvents").EnumerateArray().ToList();
        var names = events.Where(one => Is(one, "ph", "M")).Select(one => one.GetProperty("args").GetProperty("name").GetString());
        names.Take(3).Should().Equal(
            ["step", "layers", "image decoder"], (actual, expected) => actual!.StartsWith(expected, StringComparison.Ordinal));
        var spans = events.Where(one => Is(one, "ph", "X")).ToList();
        spans.Should().OnlyContain(span => span.GetProperty("dur").GetDouble() >= 0 && span.GetProperty("ts").GetDouble() >= 0);
        spans.Count(span => Is(span, "name", "forward")).Should().Be(3);
        spans.Count(span => Is(span, "name", "layer1.0.conv1: weight gradient")).Should().BePositive().And.Match(count => count % 3 == 0);
        spans.Exists(span => Is(span, "cat", "decoding")).Should().BeTrue();

        static bool Is(JsonElement one, string property, string value) =>
            one.TryGetProperty(property, out var actual) && actual.GetString() == value;
    }

    [Fact]
    public void A_profile_changes_no_bit_and_libtorch_has_no_layers()
    {
        var profile = new TrainingProfile();
        foreach (var engine in new[] { TrainingEngine.Kernels, TrainingEngine.Torch })
            Train(engine == TrainingEngine.Torch ? profile : new TrainingProfile(), engine).Should().Equal(Train(null, engine));
        profile.Layers.Should().BeEmpty();
        profile.Phases[StepPhase.Backward].Should().BePositive();
        profile.ToString().Should().NotContain("by layer");
    }

    [Fact]
    public void A_run_that_is_too_short_says_so()
    {
        new TrainingProfile(warmup: 5).ToString().Should().Be("The run ended within its first 5 steps, which do not count.\n");
        var negative = () => new TrainingProfile(warmup: -1);
        negative.Should().Throw<ArgumentOutOfRangeException>();
    }

    private byte[] Train(TrainingProfile? profile, TrainingEngine engine)
    {
        using var model = ResNets.Create("resnet20", classes: 2, inputChannels: 1, seed: 1);
        var loader = new ImageLoader(
            _samples, Presets.Evaluation(16, 16, Normalize.Grey),
            new ImageLoaderOptions { BatchSize = BatchSize, Channels = 1, Shuffle = true });
        var trainer = new Trainer(loader, null, new TrainerOptions { Epochs = 2, Engine = engine }) { Profile = profile };
        trainer.Train(model);
        return [.. model.state_dict().Values.SelectMany(tensor => tensor.cpu().contiguous().bytes.ToArray())];
    }
}
