using ResNet.Testing;
using ResNet.Training.Evaluation;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Tests.Reports.Comparison;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Training_accuracy_and_memory_are_read_and_missing_ones_are_null()
    {
        var epochs = Read("epoch,train_top1,peak_memory_bytes,processes,waiting_seconds\n1,62.5,123456789012,4,1.5\n2,,,,\n");
        (epochs[0].TrainTop1, epochs[0].PeakMemoryBytes).Should().Be((62.5, 123_456_789_012));
        (epochs[1].TrainTop1, epochs[1].PeakMemoryBytes).Should().Be((null, null));
        (epochs[0].Processes, epochs[0].WaitingSeconds).Should().Be((4, 1.5));
        (epochs[1].Processes, epochs[1].WaitingSeconds).Should().Be((null, null));
    }

    [Fact]
    public void Columns_are_found_by_their_names_and_empty_fields_are_not_numbers()
    {
        var epochs = Read("""
            epoch,steps,train_loss,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second
            1,40,2.5,,,,,,,0.1,512.5
            2,80,1.75,1.5,61.25,95,1.25,63.5,96.5,0.00001,498

            """);
        epochs.Should().HaveCount(2);
        epochs[0].Should().Be(new EpochMetrics { Epoch = 1, Steps = 40, TrainLoss = 2.5, LearningRate = 0.1, ImagesPerSecond = 512.5 });
        epochs[1].Should().BeEquivalentTo(new EpochMetrics
        {
            Epoch = 2,
            Steps = 80,
            TrainLoss = 1.75,
            LearningRate = 0.00001,
            ImagesPerSecond = 498,
            Evaluation = Result(1.5, 61.25, 95),
            AverageEvaluation = Result(1.25, 63.5, 96.5),
        });
    }

    [Fact]
    public void Files_with_fewer_columns_or_others_are_read_too()
    {
        Read("epoch,train_loss,val_loss,val_top1,val_top5,learning_rate,images_per_second\n1,0.5,0.6,90,99,0.05,100\n").Should()
            .BeEquivalentTo([new EpochMetrics
            {
                Epoch = 1, TrainLoss = 0.5, LearningRate = 0.05, ImagesPerSecond = 100, Evaluation = Result(0.6, 90, 99),
            }]);
        Read("val_top1,weather,epoch\n88.5,rain,3\n").Should()
            .BeEquivalentTo([new EpochMetrics { Epoch = 3, Evaluation = Result(double.NaN, 88.5, double.NaN) }]);
        Read("epoch,train_loss\n").Should().BeEmpty();
    }

    [Fact]
    public void Balanced_accuracy_and_mean_F1_are_read_where_a_file_has_them()
    {
        var epochs = Read("epoch,val_loss,val_top1,val_top5,val_balanced_accuracy,val_macro_f1\n1,0.5,90,99,62.5,0.625\n2,,,,,\n");
        (epochs[0].BalancedAccuracy, epochs[0].MacroF1).Should().Be((62.5, 0.625));
        (epochs[1].BalancedAccuracy, epochs[1].MacroF1).Should().Be((null, null));
        Read("epoch,val_top1\n1,90\n")[0].BalancedAccuracy.Should().Be(double.NaN);
    }

    [Theory]
    [InlineData("", "*its first line does not name the column 'epoch'.")]
    [InlineData("one,two\n1,2\n", "*its first line does not name the column 'epoch'.")]
    [InlineData(
        "epoch,train_loss\n1,0.5\n2,x7\n",
        "Line 3 of '*metrics.csv' has 'x7' as its train_loss, which is not a number: the file is damaged.")]
    [InlineData("epoch\n-1\n", "Line 2 of '*metrics.csv' has '-1' as its epoch, which is not a number: the file is damaged.")]
    public void Other_files_are_refused_with_a_sentence(string text, string sentence)
    {
        var read = () => Read(text);
        read.Should().Throw<RunFolderException>().WithMessage(sentence);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = Path.Combine(_folder.Path, "none", "metrics.csv");
        var read = () => MetricsFile.Read(path);
        read.Should().Throw<RunFolderException>()
            .WithMessage($"The metrics '{path}' cannot be read: it is not there. Give the folder of a run that has them.");
    }

    // The file has no more of an evaluation.
    private static EvaluationResult Result(double loss, double top1, double top5) => new(loss, top1, top5, Images: 0, double.NaN);

    private IReadOnlyList<EpochMetrics> Read(string text)
    {
        string path = _folder.File("metrics.csv");
        File.WriteAllText(path, text);
        return MetricsFile.Read(path);
    }
}
