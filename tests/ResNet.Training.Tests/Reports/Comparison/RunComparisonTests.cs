using ResNet.Testing;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Tests.Reports.Comparison;

public sealed class RunComparisonTests : IDisposable
{
    private const string Header =
        "epoch,steps,train_loss,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Best_epochs_final_losses_and_times_stand_side_by_side()
    {
        string first = Run(
            "first",
            """{ "BatchSize": 32, "Training": { "AccumulateBatches": 2 } }""",
            "1,10,2,1.5,50,90,,,,0.1,64\n2,20,1,1.25,70.125,95,,,,0.05,128\n3,30,0.5,1.75,60,95,,,,0.01,128\n");
        string second = Run("second", """{ "BatchSize": 32 }""", "1,10,2,1.5,50,90,1.25,80.5,99,0.1,64\n2,20,1.125,,,,,,,0.05,\n");
        var comparison = RunComparison.Read([first, second]);
        comparison.Runs.Select(run => run.Name).Should().Equal("first", "second");
        comparison.Runs[0].Best.Should().Be(new BestEpoch(2, 70.125, 1.25, IsAverage: false));
        comparison.Runs[1].Best.Should().Be(new BestEpoch(1, 80.5, 1.25, IsAverage: true));
        // 640 images at 64 per second and twice as many at 128.
        comparison.Runs[0].TrainingTime.Should().Be(TimeSpan.FromSeconds(20));
        comparison.Runs[1].TrainingTime.Should().BeNull("the speed of the second epoch is unknown");
        comparison.Results.Select(row => $"{row.Name}: {string.Join(" | ", row.Values)}").Should().Equal(
            "Best top-1: 70.13 % | 80.50 %",
            "Best epoch: 2 | 1, average",
            "Epochs: 3 | 2",
            "Final validation loss: 1.7500 | 1.5000",
            "Final training loss: 0.5000 | 1.1250",
            "Training time: 20 s | –",
            "Images per second: 128 | 64");
    }

    [Fact]
    public void Only_settings_that_differ_are_named()
    {
        string first = Run(
            "a",
            """
            {
              "Network": "resnet18", "Seed": 1, "Mean": [0.5, 0.25], "Pretrained": null,
              "Training": { "Optimizer": { "$type": "sgd", "LearningRate": 0.1, "Momentum": 0.9 } }
            }
            """,
            "");
        string second = Run(
            "b",
            """
            {
              "Network": "resnet18", "Seed": 1, "Mean": [0.5, 0.5], "Pretrained": "x",
              "Training": { "Optimizer": { "$type": "lamb", "LearningRate": 0.2, "Momentum": 0.9, "Nesterov": true } }
            }
            """,
            "");
        RunComparison.Read([first, second]).Differences.Select(row => $"{row.Name}: {string.Join(" | ", row.Values)}").Should().Equal(
            "Mean: 0.5, 0.25 | 0.5, 0.5", "Training.Optimizer: sgd | lamb", "Training.Optimizer.LearningRate: 0.1 | 0.2",
            "Pretrained: – | x", "Training.Optimizer.Nesterov: – | True");
    }

    [Fact]
    public void Runs_in_folders_of_one_name_are_called_by_their_paths()
    {
        string first = Run("x/run", "{}", ""), second = Run("y/run", "{}", ""), third = Run("z", "{}", "");
        RunComparison.Read([first, second, third]).Runs.Select(run => run.Name).Should().Equal(first, second, "z");
    }

    [Fact]
    public void A_run_without_an_epoch_has_nothing_to_tell()
    {
        RunComparison.Read([Run("a", "{}", "")]).Results.Where(row => row.Name != "Epochs")
            .Should().OnlyContain(row => row.Values[0] == "–");
    }

    [Fact]
    public void Folders_that_are_none_of_a_run_are_refused_with_a_sentence()
    {
        string missing = Path.Combine(_folder.Path, "missing");
        Refusal(missing).Should().Be($"There is no run folder '{missing}'.");
        string empty = Path.GetDirectoryName(_folder.File("empty/x"))!;
        Refusal(empty).Should().Be(
            $"The settings '{Path.Combine(empty, "settings.json")}' cannot be read: "
            + "it is not there. Give the folder of a run that has them.");
        string broken = Run("broken", "{ 12", "");
        Refusal(broken).Should().StartWith($"The settings '{Path.Combine(broken, "settings.json")}' cannot be read: ");
        var none = () => RunComparison.Read([]);
        none.Should().Throw<ArgumentException>().WithMessage("There are no runs to compare: give at least one.*");
    }

    private static string Refusal(string folder)
    {
        var read = () => RunComparison.Read([folder]);
        return read.Should().Throw<RunFolderException>().Which.Message;
    }

    private string Run(string name, string settings, string rows)
    {
        File.WriteAllText(_folder.File($"{name}/settings.json"), settings);
        File.WriteAllText(_folder.File($"{name}/metrics.csv"), Header + rows);
        return Path.Combine(_folder.Path, name);
    }
}
