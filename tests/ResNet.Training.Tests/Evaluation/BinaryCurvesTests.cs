using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Loading;
using ResNet.Training.Tests.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Evaluation;

public sealed class BinaryCurvesTests
{
    // The example in scikit-learn's documentation of roc_curve, precision_recall_curve and average_precision_score.
    private readonly BinaryCurves _curves = new([0.1f, 0.4f, 0.35f, 0.8f], [false, false, true, true]);

    [Fact]
    public void Curves_and_areas_are_those_of_scikit_learn()
    {
        (_curves.Positives, _curves.Negatives).Should().Be((2, 2));
        _curves.Points.Should().Equal(
            new ThresholdPoint(0.8f, 0, 0.5, 1),
            new ThresholdPoint(0.4f, 0.5, 0.5, 0.5),
            new ThresholdPoint(0.35f, 0.5, 1, 2.0 / 3),
            new ThresholdPoint(0.1f, 1, 1, 0.5));
        _curves.RocAuc.Should().BeApproximately(0.75, 1e-12);
        _curves.AveragePrecision.Should().BeApproximately(0.83333333, 1e-8);
    }

    [Fact]
    public void Images_of_the_same_probability_are_one_point()
    {
        // By hand: at 0.5 two of three images are positive, and one of two negative ones is among them.
        var curves = new BinaryCurves([0.5f, 0.5f, 0.5f, 0.2f], [true, false, true, false]);
        curves.Points.Should().Equal(new ThresholdPoint(0.5, 0.5, 1, 2.0 / 3), new ThresholdPoint(0.2f, 1, 1, 0.5));
        curves.RocAuc.Should().BeApproximately(0.75, 1e-12);
        curves.AveragePrecision.Should().BeApproximately(2.0 / 3, 1e-12);
    }

    [Fact]
    public void The_area_is_the_share_of_the_pairs_in_the_right_order()
    {
        var random = new Random(1);
        float[] probability = [.. Enumerable.Range(0, 300).Select(_ => random.Next(50) / 50f)];
        bool[] isPositive = [.. probability.Select(value => random.NextDouble() < 0.1 + (0.4 * value))];
        var pairs =
            from i in Enumerable.Range(0, 300)
            from j in Enumerable.Range(0, 300)
            where isPositive[i] && !isPositive[j]
            select probability[i] > probability[j] ? 1 : probability[i] == probability[j] ? 0.5 : 0;
        new BinaryCurves(probability, isPositive).RocAuc.Should().BeApproximately(pairs.Average(), 1e-12);
    }

    // F1 of the four points is 2/3, 1/2, 4/5 and 2/3; their balanced accuracy is 3/4, 1/2, 3/4 and 1/2. Thresholds lie halfway to the next
    // lower probability.
    [Theory]
    [InlineData("f1", 0.225)]
    [InlineData("balanced", 0.6)]
    [InlineData("precision=0.9", 0.6)]
    [InlineData("precision=0.6", 0.225)]
    [InlineData("recall=0.9", 0.225)]
    [InlineData("recall=0.5", 0.6)]
    public void A_threshold_is_chosen_by_a_rule(string rule, double threshold)
    {
        ThresholdRule.Parse(rule).ToString().Should().Be(rule);
        _curves.Choose(ThresholdRule.Parse(rule))!.Value.Threshold.Should().BeApproximately(threshold, 1e-7);
    }

    [Fact]
    public void There_is_no_threshold_where_none_fulfils_the_rule()
    {
        var curves = new BinaryCurves([0.9f, 0.5f], [false, true]);
        curves.Choose(ThresholdRule.PrecisionAtLeast(0.9)).Should().BeNull();
        curves.Choose(ThresholdRule.RecallAtLeast(1))!.Value.Threshold.Should().Be(0.25, "the lowest threshold lies halfway to 0");
    }

    [Fact]
    public void Images_of_one_class_and_NaN_have_no_curves()
    {
        foreach (var curves in new[]
        {
            new BinaryCurves([0.1f, 0.2f], [true, true]), new BinaryCurves([0.1f], [false]), new BinaryCurves([], []),
            new BinaryCurves([0.1f, float.NaN], [true, false]),
        })
        {
            curves.Points.Should().BeEmpty();
            curves.RocAuc.Should().Be(double.NaN);
            curves.AveragePrecision.Should().Be(double.NaN);
            curves.Choose(ThresholdRule.F1).Should().BeNull();
        }
    }

    [Theory]
    [InlineData("F1")]
    [InlineData("precision")]
    [InlineData("precision=")]
    [InlineData("precision=1.5")]
    [InlineData("precision=NaN")]
    [InlineData("recall=0,9")]
    [InlineData("f1=0.5")]
    [InlineData("")]
    public void Other_rules_are_refused(string text)
    {
        var parse = () => ThresholdRule.Parse(text);
        parse.Should().Throw<InvalidOptionException>().WithMessage(
            $"ThresholdRule.rule is '{text}', but has to be f1, balanced, precision=P or recall=P with a P from 0 to 1.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Two_classes_are_evaluated_by_the_probability_of_the_positive_one(int positive)
    {
        using var pictures = new LoaderPictures(12);
        ImageSample[] samples = [.. pictures.Samples.Select((sample, i) => new ImageSample(sample.Path, i % 3 == 0 ? 0 : 1))];
        manual_seed(3);
        using var network = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(2).Build();
        var loader = new ImageLoader(samples, LoaderPictures.Plain, new ImageLoaderOptions { BatchSize = 5 });
        var curves = new Evaluator(loader, new EvaluatorOptions { PositiveClass = positive }).Evaluate(network).Binary!;

        network.eval();
        var probability = new List<float>();
        foreach (var batch in new ImageLoader(samples, LoaderPictures.Plain, new ImageLoaderOptions { BatchSize = 1 }).Epoch(0))
        {
            using var scope = NewDisposeScope();
            using var mode = no_grad();
            probability.Add(network.call(batch.ToInput(CPU)).softmax(1)[0, positive].item<float>());
        }
        var expected = new BinaryCurves(probability, [.. samples.Select(sample => sample.Label == positive)]);
        (curves.Positives, curves.Negatives).Should().Be((expected.Positives, expected.Negatives));
        curves.Positives.Should().Be(positive == 0 ? 4 : 8);
        curves.PositiveClass.Should().Be(positive);
        curves.RocAuc.Should().BeApproximately(expected.RocAuc, 1e-9);
        curves.Points.Zip(expected.Points).Should().OnlyContain(
            pair => Math.Abs(pair.First.Threshold - pair.Second.Threshold) < 1e-5 && pair.First.Recall == pair.Second.Recall);
    }
}
