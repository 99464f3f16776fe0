using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Distributed;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;

namespace ResNet.Training.Tests.Distributed;

/// <summary>An evaluation by several processes counts each image once.</summary>
public sealed class DividedEvaluationTests : IDisposable
{
    private const int Classes = 7;

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples;

    public DividedEvaluationTests()
    {
        var pictures = GreyPictures.Write(_folder.Path, count: 61, brighter: 3, noise: 90);
        _samples = [.. pictures.Select((sample, i) => sample with { Label = i % Classes })];
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, 12, 7)]
    [InlineData(4, 10, 7)]
    [InlineData(5, 3, 7)]
    [InlineData(3, 1, 7)]
    [InlineData(4, 12, 2)]
    public void The_counts_are_those_of_one_process(int size, int batch, int classes)
    {
        var samples = _samples.ConvertAll(sample => sample with { Label = sample.Label % classes });
        // Images of one process, and one of another.
        foreach (int unreadable in new[] { 4, 8, 12, 16, 21 }) File.WriteAllText(samples[unreadable].Path, "no picture");
        var alone = Evaluate(samples, batch, null);
        alone.Images.Should().Be(56);
        foreach (var result in ThreadCommunicator.Run(size, communicator => Evaluate(samples, batch, new(communicator))))
        {
            (result.Images, result.Top1, result.Top5).Should().Be((alone.Images, alone.Top1, alone.Top5));
            result.Loss.Should().BeApproximately(alone.Loss, 1e-6);
            result.Confusion.Cells.Should().BeEquivalentTo(alone.Confusion.Cells);
            result.Mistakes.Select(mistake => (mistake.Index, mistake.Predicted))
                .Should().BeEquivalentTo(alone.Mistakes.Select(mistake => (mistake.Index, mistake.Predicted)));
            result.Calibration.Error.Should().BeApproximately(alone.Calibration.Error, 1e-6);
            (result.Binary is null).Should().Be(classes != 2);
            if (result.Binary is { } curves) curves.RocAuc.Should().BeApproximately(alone.Binary!.RocAuc, 1e-6);
        }
    }

    [Fact]
    public void Fewer_images_than_processes_are_enough()
    {
        var results = ThreadCommunicator.Run(4, communicator => Evaluate(_samples[..2], 8, new(communicator)));
        results.Should().OnlyContain(result => result.Images == 2);
    }

    [Fact]
    public void All_processes_say_that_nothing_can_be_read()
    {
        foreach (var sample in _samples) File.WriteAllText(sample.Path, "no picture");
        Action evaluate = () => ThreadCommunicator.Run(2, communicator => Evaluate(_samples, 8, new(communicator)));
        evaluate.Should().Throw<DatasetException>().WithMessage("None of the 61 images can be read; *");
    }

    [Fact]
    public void If_one_process_is_stopped_all_stop_after_the_same_batch()
    {
        using var stop = new CancellationTokenSource();
        var stopped = ThreadCommunicator.Run(3, communicator =>
        {
            var progress = new Listener(report => { if (communicator.Rank == 1) stop.Cancel(); });
            var token = communicator.Rank == 1 ? stop.Token : default;
            Action evaluate = () => Evaluate(_samples, 6, new(communicator), progress, token);
            evaluate.Should().Throw<OperationCanceledException>();
            return true;
        });
        stopped.Should().OnlyContain(isStopped => isStopped);
    }

    private static EvaluationResult Evaluate(
        List<ImageSample> samples, int batch, ProcessGroup? group, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var loader = new ImageLoader(
            samples, new Compose(new CenterCrop(16), Normalize.Grey),
            new ImageLoaderOptions { BatchSize = batch, Channels = 1, OnUnreadableImage = OnUnreadableImage.Skip });
        int classes = samples.Max(sample => sample.Label) + 1;
        using var model = SeededNetworks.Create("resnet20", classes);
        return new Evaluator(loader, new EvaluatorOptions { MistakeCount = 9 }, group).Evaluate(model, progress, cancellationToken);
    }
}
