using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.LearningRates;
using ResNet.Training.Loading;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.Reports;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.LearningRates;

/// <summary>The test of learning rates, on 32 pictures in four batches.</summary>
public sealed class LearningRateFinderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples = [];

    public LearningRateFinderTests()
    {
        for (int i = 0; i < 32; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 256).Select(p => (byte)((p * (i + 3) % 97) + (100 * (i % 2))))];
            _samples.Add(new ImageSample(_folder.Write($"{i:00}.pgm", [.. "P5 16 16 255\n"u8, .. pixels]), i % 2));
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_rate_rises_by_the_same_factor_from_the_first_to_the_last_one_and_through_the_images_again()
    {
        var test = new LearningRateFinderOptions { From = 1e-12, To = 1e-3, Steps = 10 };
        using var model = Network();
        var curve = Finder(new Sgd(), test).Find(model);
        curve.Diverged.Should().BeFalse();
        curve.Points.Select(point => Math.Round(Math.Log10(point.LearningRate), 9)).Should().Equal(
            -12, -11, -10, -9, -8, -7, -6, -5, -4, -3);
    }

    [Fact]
    public void The_losses_are_smoothed_as_by_hand()
    {
        using var model = Network();
        var points = Finder(new Sgd(), new LearningRateFinderOptions { Steps = 10, To = 1e-3, Smoothing = 0.5 }).Find(model).Points;
        var (one, two, three) = (points[0].Loss, points[1].Loss, points[2].Loss);
        points[0].Smoothed.Should().BeApproximately(one, 1e-12);
        points[1].Smoothed.Should().BeApproximately((one + (2 * two)) / 3, 1e-12);
        points[2].Smoothed.Should().BeApproximately((one + (2 * two) + (4 * three)) / 7, 1e-12);
        var plain = Finder(new Sgd(), new LearningRateFinderOptions { Steps = 10, To = 1e-3, Smoothing = 0 }).Find(model).Points;
        plain.Should().OnlyContain(point => point.Smoothed == point.Loss);
        plain.Select(point => point.Loss).Should().Equal(points.Select(point => point.Loss), "the same seed gives the same bits");
    }

    // A rate that does not change, up to the last digits, is a training with a constant one.
    [Fact]
    public void A_test_takes_the_steps_of_a_training()
    {
        var optimizer = new AdamW { LearningRate = 0.01 };
        var options = new TrainerOptions { Steps = 10, Optimizer = optimizer, Schedule = new ConstantSchedule() };
        var trainer = new Trainer(Loader(), null, options);
        using var trained = Network();
        trainer.Train(trained);
        using var tested = Network();
        var curve = Finder(optimizer, new LearningRateFinderOptions { From = 0.01 * (1 - 1e-13), To = 0.01, Steps = 10 }).Find(tested);
        curve.Points.Should().HaveCount(10);
        foreach (var (point, step) in curve.Points.Zip(trainer.History)) point.Loss.Should().BeApproximately(step.Loss, 1e-5);
        curve.Points[0].Loss.Should().Be(trainer.History[0].Loss);
        curve.Points[9].Loss.Should().NotBeApproximately(curve.Points[0].Loss, 1e-3, "the weights have changed");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_network_is_as_before(bool training)
    {
        using var model = Network();
        model.train(training);
        var before = Bits(model);
        var curve = Finder(new Sgd(), new LearningRateFinderOptions { Steps = 12, From = 0.01, To = 0.1 }).Find(model);
        curve.Points[^1].Loss.Should().NotBe(curve.Points[0].Loss);
        Bits(model).Should().BeEquivalentTo(before);
        model.modules().Should().OnlyContain(module => module.training == training);

        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        var find = () => Finder(new Sgd()).Find(model, cancellationToken: stopped.Token);
        find.Should().Throw<OperationCanceledException>();
        Bits(model).Should().BeEquivalentTo(before);
    }

    [Fact]
    public void A_test_leaves_no_tensor_behind()
    {
        using var model = Network();
        var finder = Finder(new Sgd(), new LearningRateFinderOptions { Steps = 10, To = 0.1 });
        finder.Find(model);
        long before = LiveTensors.Count();
        finder.Find(model);
        Tensor.TotalCount.Should().Be(before);
    }

    [Fact]
    public void The_test_stops_where_the_loss_is_too_high_or_not_finite()
    {
        using var model = Network();
        var high = Finder(new Sgd(), new LearningRateFinderOptions { From = 0.001, To = 1e4, Steps = 50 }).Find(model);
        high.Diverged.Should().BeTrue();
        double lowest = high.Points.SkipLast(1).Min(point => point.Smoothed);
        high.Points.SkipLast(1).Should().OnlyContain(point => point.Smoothed <= 4 * high.Points[0].Smoothed);
        high.Points[^1].Smoothed.Should().BeGreaterThan(4 * lowest);

        var endless = new LearningRateFinderOptions { From = 1e30, To = 1e38, Steps = 10, StopAt = double.MaxValue };
        var infinite = Finder(new Sgd(), endless).Find(model);
        infinite.Diverged.Should().BeTrue();
        infinite.Points.Should().HaveCountLessThan(10).And.OnlyContain(point => double.IsFinite(point.Loss));
    }

    // The loss falls along 1 / (1 + exp(4x)), x the logarithm of the rate, whose steepest point is 10^0 = 1, and then rises.
    [Fact]
    public void The_suggestion_is_where_the_loss_falls_most_steeply()
    {
        LearningRatePoint[] points = [.. Enumerable.Range(-40, 81).Select(i => i / 10.0).Select(x => new LearningRatePoint(
            Math.Pow(10, x), 0, x <= 2 ? 1 / (1 + Math.Exp(4 * x)) : (1 / (1 + Math.Exp(8))) + x - 2))];
        var curve = new LearningRateCurve(points, Diverged: true);
        curve.Suggestion.Should().BeApproximately(1, 1e-9);
        curve.Lowest!.Value.LearningRate.Should().BeApproximately(100, 1e-6);
        curve.TenthOfLowest.Should().BeApproximately(10, 1e-6);
    }

    [Fact]
    public void A_loss_that_does_not_fall_gives_no_suggestion()
    {
        LearningRatePoint[] points = [.. Enumerable.Range(0, 20).Select(i => new LearningRatePoint(Math.Pow(10, i - 20), i, i))];
        new LearningRateCurve(points, Diverged: false).Suggestion.Should().BeNull();
        var none = new LearningRateCurve([], Diverged: true);
        (none.Suggestion, none.Lowest, none.TenthOfLowest).Should().Be((null, null, null));
        LearningRateReport.Create(none, "net").Should().Contain("The loss does not fall, so there is no suggestion.");
    }

    // A steep fall among the first steps is noise.
    [Fact]
    public void The_first_tenth_of_the_steps_is_left_out()
    {
        double[] losses = [9, 5, .. Enumerable.Range(0, 18).Select(i => i == 10 ? 2.5 : i < 10 ? 4 - (0.1 * i) : 2.4 + (0.1 * i))];
        LearningRatePoint[] points = [.. losses.Select((loss, i) => new LearningRatePoint(Math.Pow(10, i), loss, loss))];
        new LearningRateCurve(points, Diverged: false).Suggestion.Should().BeApproximately(1e11, 1);
    }

    [Fact]
    public void The_limits_follow_from_the_optimizer_and_bad_ones_are_refused()
    {
        (Finder(new Sgd()).From, Finder(new Sgd()).To).Should().Be((1e-5, 10));
        (Finder(new AdamW()).From, Finder(new Lamb()).To).Should().Be((1e-6, 1));
        Refusal(new() { From = 1, To = 1 }).Should().Be("LearningRateFinderOptions.To is 1, but has to be more than 1.");
        Refusal(new() { From = 10 }).Should().Be("LearningRateFinderOptions.From is 10, but has to be less than 10.");
        Refusal(new() { To = 1e-5 }).Should().Contain("but has to be ");
        foreach (var make in new Func<object>[]
        {
            () => new LearningRateFinderOptions { Steps = 9 }, () => new LearningRateFinderOptions { From = 0 },
            () => new LearningRateFinderOptions { To = double.NaN }, () => new LearningRateFinderOptions { Smoothing = 1 },
            () => new LearningRateFinderOptions { StopAt = 1 },
        })
        {
            make.Should().Throw<InvalidOptionException>();
        }

        string Refusal(LearningRateFinderOptions test)
        {
            var make = () => Finder(new Sgd(), test);
            return make.Should().Throw<InvalidOptionException>().Which.Message;
        }
    }

    [Fact]
    public void The_page_has_the_curve_with_the_suggestion()
    {
        LearningRatePoint[] points = [.. Enumerable.Range(0, 31).Select(i => new LearningRatePoint(
            Math.Pow(10, (i / 10.0) - 3), i == 30 ? 1e9 : 2, i < 10 ? 2 : i == 10 ? 1.5 : 1)
        {
            Step = 2 * (i + 1),
        })];
        string page = LearningRateReport.Create(new LearningRateCurve(points, Diverged: true), "resnet20", "a & b");
        page.Should().Contain("a &amp; b").And.Contain("class=\"marked\"").And.Contain(">0.01</dd>")
            .And.Contain("text-anchor=\"middle\">0.001</text>").And.Contain("text-anchor=\"middle\">1</text>")
            .And.Contain("learning rate 0.01: smoothed ").And.NotContain("1,000,000,000</text>")
            .And.Contain("At the end: each step 1000000000.0000, smoothed 1.0000.")
            .And.MatchRegex(">62</t[hd]><td>1</td><td>1000000000.0000</td><td>1.0000</td>").And.NotContain(">61<");
    }

    [Theory]
    [InlineData(0.0321, "0.032")]
    [InlineData(3.2e-5, "3.2e-5")]
    [InlineData(1e-4, "0.0001")]
    public void A_rate_is_shown_with_two_digits(double rate, string text) => LearningRateReport.FormatRate(rate).Should().Be(text);

    private LearningRateFinder Finder(OptimizerOptions optimizer, LearningRateFinderOptions? test = null) =>
        new(Loader(), new TrainerOptions { Optimizer = optimizer }, test);

    private ImageLoader Loader() => new(
        _samples, new Compose(new CenterCrop(16), new RandomHorizontalFlip(), new Normalize([0.5f], [0.5f])),
        new ImageLoaderOptions { BatchSize = 8, Channels = 1, Seed = 5, Workers = 1, Shuffle = true });

    private static ResNetModel Network()
    {
        manual_seed(9);
        return new ResNetBuilder().StageDepths(1, 1).Classes(2).InputChannels(1).Build();
    }

    private static Dictionary<string, byte[]> Bits(ResNetModel model)
    {
        using var scope = NewDisposeScope();
        return model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().contiguous().bytes.ToArray());
    }
}
