using ResNet.Training.Optimization.Schedules;

namespace ResNet.Training.Tests.Optimization.Schedules;

/// <summary>Factors of whole runs, computed by hand or in Python from the formulas of PyTorch's schedulers.</summary>
public sealed class ScheduleValuesTests
{
    [Fact]
    public void A_constant_rate_stays_at_the_peak() => ShouldBe(new ConstantSchedule(), 1, 1, 1, 1);

    [Fact]
    public void A_cosine_falls_towards_its_final_factor() =>
        ShouldBe(new CosineSchedule { Final = 0.1 }, 1, 0.868198052, 0.55, 0.231801948);

    [Fact]
    public void A_polynomial_falls_along_a_power_after_the_warm_up()
    {
        ShouldBe(new PolynomialSchedule(), 1, 0.75, 0.5, 0.25);
        ShouldBe(new PolynomialSchedule { Power = 2, Warmup = 2 / 7.0 }, 0.5, 1, 1, 0.64, 0.36, 0.16, 0.04);
    }

    [Fact]
    public void Milestones_within_the_warm_up_count_from_its_end()
    {
        var schedule = new StepSchedule { Milestones = [0.25, 0.75], Gamma = 0.5 };
        ShouldBe(schedule, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25);
        ShouldBe(schedule with { Warmup = 0.5 }, 0.25, 0.5, 0.75, 1, 0.5, 0.5, 0.25, 0.25);
        ShouldBe(schedule with { Warmup = 0.5, WarmupStart = 0.2 }, 0.2, 0.4, 0.6, 0.8, 0.5, 0.5, 0.25, 0.25);
    }

    [Fact]
    public void A_cycle_peaks_between_two_steps_where_PyTorchs_does()
    {
        ShouldBe(
            new OneCycleSchedule(),
            0.04, 0.4223411137, 0.9602614247, 0.9797465678, 0.8844757248, 0.7260870493,
            0.5305827081, 0.330058029, 0.1574325128, 0.0410455432, 4e-6);
        ShouldBe(new OneCycleSchedule { Warmup = 0.5, WarmupStart = 0.1, Final = 0.02 }, 0.1, 0.55, 1, 0.755, 0.265, 0.02);
        ShouldBe(new OneCycleSchedule { Warmup = 1 }, 0.04, 0.52, 1);
        ShouldBe(new OneCycleSchedule { Warmup = 0 }, 1, 0.500002, 4e-6);
    }

    [Fact]
    public void Steps_compare_by_their_milestones_and_their_factor()
    {
        var schedule = new StepSchedule { Milestones = [0.25, 0.75], Gamma = 0.5 };
        schedule.Should().Be(new StepSchedule { Milestones = [0.25, 0.75], Gamma = 0.5 });
        schedule.GetHashCode().Should().Be(new StepSchedule { Milestones = [0.25, 0.75], Gamma = 0.5 }.GetHashCode());
        schedule.Should().NotBe(schedule with { Milestones = [0.25, 0.5] });
        schedule.Should().NotBe(schedule with { Gamma = 0.25 });
        schedule.Should().NotBe(schedule with { Warmup = 0.1 });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Bounds_of_parts_are_accepted(double part)
    {
        new CosineSchedule { Warmup = part, WarmupStart = part, Final = part }.Final.Should().Be(part);
        new OneCycleSchedule { Warmup = part, WarmupStart = part, Final = part }.Warmup.Should().Be(part);
    }

    private static void ShouldBe(LearningRateSchedule schedule, params double[] expected) =>
        Enumerable.Range(0, expected.Length).Select(step => schedule.Factor(step, expected.Length))
            .Should().Equal(expected, (factor, value) => Math.Abs(factor - value) < 1e-9);
}
