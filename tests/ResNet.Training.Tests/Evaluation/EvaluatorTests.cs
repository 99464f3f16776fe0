using ResNet.Core;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Tests.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Evaluation;

public sealed class EvaluatorTests : IDisposable
{
    private const int Classes = 24;

    private readonly LoaderPictures _pictures = new(Classes);
    private readonly ResNetModel _network = Network(Classes);

    public void Dispose()
    {
        _network.Dispose();
        _pictures.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_that_is_found_is_what_the_probabilities_of_single_images_say(bool flips)
    {
        var result = new Evaluator(Loader(7), new EvaluatorOptions { Flips = flips, MistakeCount = 5 }).Evaluate(_network);
        var images = Singly(flips);

        result.Images.Should().Be(Classes);
        result.Loss.Should().BeApproximately(images.Average(image => -Math.Log(image.Probabilities[image.Label])), 1e-5);
        int[] predicted = [.. images.Select(image => Array.IndexOf(image.Probabilities, image.Probabilities.Max()))];
        int[] actual = [.. images.Select(image => image.Label)];
        var confusion = new ConfusionMatrix(Classes, actual, predicted);
        result.Confusion.Cells.Should().Equal(confusion.Cells);
        result.PerClass.Should().Equal(confusion.PerClass);
        // Each class has one image, so the mean recall is the accuracy.
        result.BalancedAccuracy.Should().BeApproximately(result.Top1, 1e-9);
        result.Binary.Should().BeNull("there are more than two classes");
        result.MacroF1.Should().Be(confusion.MacroF1);
        result.Top1.Should().BeApproximately(100.0 * predicted.Zip(actual).Count(pair => pair.First == pair.Second) / Classes, 1e-9);
        result.Top5.Should().BeApproximately(
            100.0 * images.Count(image => image.Probabilities.Count(value => value > image.Probabilities[image.Label]) < 5) / Classes,
            1e-9);
        float[] confidence = [.. images.Select(image => (float)image.Probabilities.Max())];
        result.CalibrationError
            .Should().BeApproximately(new Calibration(confidence, [.. predicted.Zip(actual, (a, b) => a == b)]).Error, 1e-5);

        int[] worst = [.. Enumerable.Range(0, Classes).Where(i => predicted[i] != actual[i]).OrderByDescending(i => confidence[i]).Take(5)];
        result.Mistakes.Select(mistake => (mistake.Index, mistake.Name, mistake.Class, mistake.Predicted))
            .Should().Equal(worst.Select(i => (i, _pictures.Samples[i].Path, actual[i], predicted[i])));
        result.Mistakes.Select(mistake => mistake.Probability).Zip(worst)
            .Should().OnlyContain(pair => Math.Abs(pair.First - confidence[pair.Second]) < 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100)]
    public void Batches_make_no_difference(int batchSize)
    {
        var whole = new Evaluator(Loader(Classes)).Evaluate(_network);
        var result = new Evaluator(Loader(batchSize)).Evaluate(_network);
        result.Loss.Should().BeApproximately(whole.Loss, 1e-5);
        result.Confusion.Cells.Should().Equal(whole.Confusion.Cells);
        result.Mistakes.Select(mistake => mistake.Index).Should().Equal(whole.Mistakes.Select(mistake => mistake.Index));
    }

    [Fact]
    public void Mistakes_name_the_right_images_where_some_are_skipped_and_the_order_is_another()
    {
        foreach (int bad in new[] { 0, 3, 4, 5, 23 }) _pictures.Spoil(bad);
        foreach (bool shuffle in new[] { false, true })
        {
            var options = new ImageLoaderOptions { BatchSize = 3, OnUnreadableImage = OnUnreadableImage.Skip, Shuffle = shuffle, Seed = 5 };
            var result = new Evaluator(_pictures.Loader(options), new EvaluatorOptions { MistakeCount = 1000 }).Evaluate(_network);
            result.Images.Should().Be(Classes - 5);
            result.Mistakes.Should().HaveCount(result.Images - (int)Math.Round(result.Images * result.Top1 / 100));
            // A picture's number is its class.
            result.Mistakes.Should().OnlyContain(
                mistake => mistake.Index == mistake.Class && mistake.Name == _pictures.Samples[mistake.Class].Path);
        }
    }

    [Fact]
    public void A_thousand_classes_are_no_more_work()
    {
        using var network = Network(1000);
        var result = new Evaluator(Loader(8)).Evaluate(network);
        result.Confusion.Classes.Should().Be(1000);
        result.PerClass.Should().HaveCount(1000);
        result.Confusion.Cells.Sum(cell => cell.Count).Should().Be(Classes);
    }

    [Fact]
    public void A_network_that_gives_no_numbers_is_told_as_such()
    {
        using (no_grad())
        {
            foreach (var parameter in _network.parameters()) parameter.fill_(float.NaN);
        }
        var result = new Evaluator(Loader(5)).Evaluate(_network);
        result.Loss.Should().Be(double.NaN);
        result.CalibrationError.Should().Be(double.NaN);
        result.Mistakes.Should().BeEmpty();
    }

    [Fact]
    public void No_tensors_are_left_behind()
    {
        long before = LiveTensors.Count();
        new Evaluator(Loader(5), new EvaluatorOptions { Flips = true }).Evaluate(_network);
        Tensor.TotalCount.Should().Be(before);
    }

    [Fact]
    public void A_negative_number_of_mistakes_is_refused()
    {
        var refused = () => new EvaluatorOptions { MistakeCount = -1 };
        refused.Should().Throw<ArgumentException>().WithMessage("EvaluatorOptions.MistakeCount is -1, but has to be at least 0.");
    }

    private static ResNetModel Network(int classes)
    {
        manual_seed(3);
        var network = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(classes).Build();
        // Some predictions are correct, and none has the probability 1.
        using var _ = no_grad();
        foreach (var (name, parameter) in network.named_parameters())
        {
            if (name == "fc.weight") parameter.mul_(20);
        }
        return network;
    }

    private ImageLoader Loader(int batchSize) => _pictures.Loader(new ImageLoaderOptions { BatchSize = batchSize });

    private List<(int Label, double[] Probabilities)> Singly(bool flips)
    {
        _network.eval();
        var images = new List<(int, double[])>();
        foreach (var batch in Loader(1).Epoch(0))
        {
            using var scope = NewDisposeScope();
            using var mode = no_grad();
            var input = batch.ToInput(CPU);
            var probabilities = _network.call(input).to(ScalarType.Float64).softmax(1);
            if (flips) probabilities = (probabilities + _network.call(input.flip(3)).to(ScalarType.Float64).softmax(1)) / 2;
            images.Add(((int)batch.Labels.data<long>()[0], probabilities.data<double>().ToArray()));
        }
        return images;
    }
}
