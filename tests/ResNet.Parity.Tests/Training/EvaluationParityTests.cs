using System.Runtime.InteropServices;
using System.Text.Json;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>
/// The results of an evaluation, for logits that NumPy drew, against the formulas of scikit-learn and of the paper.
/// </summary>
public sealed class EvaluationParityTests : IDisposable
{
    private const int BatchSize = 64;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData(3, 100)]
    [InlineData(10, 5_000)]
    [InlineData(1_000, 4_000)]
    public void Losses_accuracies_confusions_calibration_and_mistakes_are_the_references(int classes, int images)
    {
        Reference.RunScript("metrics.py", "draw", $"{classes}", $"{images}", _folder.Path);
        var expected = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllText(At("metrics.json")))!;
        var result = Evaluate(classes, images);

        result.Images.Should().Be(images);
        result.Loss.Should().BeApproximately(expected["loss"].GetDouble(), 1e-5);
        result.Top1.Should().BeApproximately(expected["top1"].GetDouble(), 1e-9);
        result.Top5.Should().BeApproximately(expected["top5"].GetDouble(), 1e-9);
        var confusion = new double[classes * classes];
        foreach (var cell in result.Confusion.Cells) confusion[(cell.Class * classes) + cell.Predicted] = cell.Count;
        confusion.AsSpan().SequenceEqual(Numbers("confusion")).Should().BeTrue("the confusion matrix should be the reference's");
        ShouldBeClose(result.PerClass.Select(row => row.Precision), Numbers("precision"));
        ShouldBeClose(result.PerClass.Select(row => row.Recall), Numbers("recall"));
        ShouldBeClose(result.PerClass.Select(row => row.F1), Numbers("f1"));
        result.Calibration.Bins.Select(bin => (double)bin.Images).Should().Equal(Numbers("bins"));
        result.CalibrationError.Should().BeApproximately(expected["error"].GetDouble(), 1e-6);
        result.Mistakes.Select(mistake => (double)mistake.Index).Should().Equal(Numbers("mistakes"));

        double[] Numbers(string name) => expected[name].Deserialize<double[]>()!;
    }

    private static void ShouldBeClose(IEnumerable<double> ours, double[] theirs) =>
        ours.Zip(theirs).Where(pair => Math.Abs(pair.First - pair.Second) > 1e-12).Should().BeEmpty();

    private EvaluationResult Evaluate(int classes, int images)
    {
        using var scope = NewDisposeScope();
        var labels = MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(At("labels.i64"))).ToArray();
        var logits = tensor(MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(At("logits.f32"))).ToArray(), [images, classes]);
        // The images are never opened.
        var loader = new ImageLoader(
            [.. labels.Select((label, i) => new ImageSample($"{i}", (int)label))],
            new Compose(new CenterCrop(1)),
            new ImageLoaderOptions { BatchSize = BatchSize });
        var tally = new EvaluationTally(images, classes, positiveClass: 1, CPU);
        for (int start = 0; start < images; start += BatchSize)
        {
            int count = Math.Min(BatchSize, images - start);
            var batch = new ImageBatch(
                start / BatchSize, empty(count), tensor(labels[start..(start + count)]),
                [.. Enumerable.Range(start, count)], normalize: null, [], []);
            tally.Add(batch, logits.narrow(0, start, count).log_softmax(1));
        }
        return tally.Fetch().ComputeResult(loader, mistakes: 20, imagesPerSecond: 1);
    }

    private string At(string name) => Path.Combine(_folder.Path, name);
}
