using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Tests.TrainingLoop;

public class BestEpochTests
{
    [Fact]
    public void The_best_epoch_is_the_first_with_the_highest_top1_of_the_weights_or_their_average()
    {
        BestEpoch.Of([Epoch(1, 40), Epoch(2), Epoch(3, 60, 55), Epoch(4, 60, 60)]).Should().Be(new BestEpoch(3, 60, 0.5, IsAverage: false));
        BestEpoch.Of([Epoch(1, 40, 50), Epoch(2, 50, 45)]).Should().Be(new BestEpoch(1, 50, 0.25, IsAverage: true));
        BestEpoch.Of([Epoch(1, 0)]).Should().Be(new BestEpoch(1, 0, 0.5, IsAverage: false));
    }

    [Fact]
    public void Epochs_that_were_not_evaluated_are_not_best()
    {
        BestEpoch.Of([]).Should().BeNull();
        BestEpoch.Of([Epoch(1), Epoch(2, double.NaN)]).Should().BeNull();
    }

    [Fact]
    public void Early_stopping_counts_the_evaluations_since_the_last_gain()
    {
        var stopping = new EarlyStopping { MinimumGain = 2 };
        stopping.Look([]).Should().Be((null, 0));
        stopping.Look([Epoch(1, 40), Epoch(2), Epoch(3, 41), Epoch(4, 42)]).Should().Be((40, 2));
        stopping.Look([Epoch(1, 40), Epoch(2, 41), Epoch(3, 41, 42.5), Epoch(4, 43)]).Should().Be((42.5, 1));
    }

    private static EpochMetrics Epoch(int epoch, double? top1 = null, double? average = null) => new()
    {
        Epoch = epoch,
        Evaluation = top1 is { } own ? new(0.5, own, 100, 10, 1) : null,
        AverageEvaluation = average is { } other ? new(0.25, other, 100, 10, 1) : null,
    };
}
