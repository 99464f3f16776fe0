using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.TrainingLoop;

namespace ResNet.Training.Tests.TrainingLoop;

public sealed class TrainingPlanTests
{
    [Theory]
    [InlineData(1, new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2 })]
    [InlineData(4, new[] { 4, 8, 10, 4, 8, 10 })]
    [InlineData(20, new[] { 10, 10 })]
    public void A_step_is_followed_by_the_first_batch_of_the_next_one(int batchesOfStep, int[] batches)
    {
        var samples = Enumerable.Range(0, 10).Select(i => new ImageSample($"{i}.pgm", 0)).ToList();
        var loader = new ImageLoader(
            samples, new Compose(new CenterCrop(8), new Normalize([0.5f], [0.5f])), new ImageLoaderOptions { BatchSize = 1, Channels = 1 });
        var plan = new TrainingPlan(loader, new TrainerOptions { Epochs = 2, AccumulateBatches = batchesOfStep });
        batches.Select((_, step) => plan.GetBatchAfter(step)).Should().Equal(batches);
    }
}
