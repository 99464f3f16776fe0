using ResNet.Training.Optimization;

namespace ResNet.Training.Tests.Optimization;

public class WarmupCosineScheduleTests
{
    // By hand: 4 steps up to 0.8, then 0.4 · (1 + cos(π · k / 8)) for k = 0 … 7.
    [Fact]
    public void The_rate_rises_linearly_and_falls_along_a_cosine()
    {
        var schedule = new WarmupCosineSchedule(peak: 0.8, steps: 12, warmup: 4);
        double[] expected = [0.2, 0.4, 0.6, 0.8, 0.8, 0.769552, 0.682843, 0.553073, 0.4, 0.246927, 0.117157, 0.030448];
        Enumerable.Range(0, 12).Select(step => schedule.At(step)).Should().Equal(expected, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData(1, 0, 0.5)]
    [InlineData(1, 1, 0.5)]
    public void A_run_of_one_step_has_the_highest_rate(int steps, int warmup, double rate) =>
        new WarmupCosineSchedule(0.5, steps, warmup).At(0).Should().Be(rate);

    [Fact]
    public void A_warmup_longer_than_the_run_is_refused()
    {
        var make = () => new WarmupCosineSchedule(0.5, steps: 10, warmup: 11);
        make.Should().Throw<ArgumentOutOfRangeException>();
    }
}
