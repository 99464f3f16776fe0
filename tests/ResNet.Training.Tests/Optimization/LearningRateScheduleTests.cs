using ResNet.Training.Optimization;

namespace ResNet.Training.Tests.Optimization;

public class LearningRateScheduleTests
{
    // By hand: 4 steps up to 1, then 0.5 · (1 + cos(π · k / 8)) for k = 0 … 7.
    [Fact]
    public void The_rate_rises_linearly_and_falls_along_a_cosine()
    {
        var schedule = new CosineSchedule { Warmup = 1 / 3.0 };
        double[] expected = [0.25, 0.5, 0.75, 1, 1, 0.96194, 0.853553, 0.691342, 0.5, 0.308658, 0.146447, 0.03806];
        Enumerable.Range(0, 12).Select(step => schedule.Factor(step, 12)).Should().Equal(expected, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_run_of_one_step_has_the_highest_rate(double warmup) => new CosineSchedule { Warmup = warmup }.Factor(0, 1).Should().Be(1);

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(10, 10)]
    [InlineData(0, 0)]
    public void A_step_that_the_run_does_not_have_is_refused(long step, long steps)
    {
        var ask = () => new CosineSchedule().Factor(step, steps);
        ask.Should().Throw<ArgumentOutOfRangeException>();
    }
}
