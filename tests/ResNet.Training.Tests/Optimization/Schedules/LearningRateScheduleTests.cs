using System.Text.Json;
using ResNet.Training.Optimization.Schedules;

namespace ResNet.Training.Tests.Optimization.Schedules;

public class LearningRateScheduleTests
{
    // By hand: 4 steps up to 1, then 0.5 · (1 + cos(π · k / 8)) for k = 0 … 7.
    [Fact]
    public void Steps_of_the_rate_are_at_a_third_and_two_thirds_by_default()
    {
        new StepSchedule().Milestones.Should().Equal(1.0 / 3, 2.0 / 3);
        FluentActions.Invoking(() => new StepSchedule { Milestones = null! }).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => new CosineSchedule().Factor(step: 0, steps: 0)).Should().Throw<ArgumentOutOfRangeException>();
    }

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

    // By hand: 0.1 + 0.9 · k / 4, then the peak.
    [Fact]
    public void A_warm_up_may_start_above_zero()
    {
        var schedule = new ConstantSchedule { Warmup = 0.5, WarmupStart = 0.1 };
        Enumerable.Range(0, 8).Select(step => schedule.Factor(step, 8))
            .Should().Equal([0.1, 0.325, 0.55, 0.775, 1, 1, 1, 1], (a, b) => Math.Abs(a - b) < 1e-12);
    }

    // The paper's recipe for CIFAR-10: 64,000 steps, with a lower rate after 32,000 and 48,000.
    [Fact]
    public void Milestones_are_parts_of_the_whole_run_its_warm_up_included()
    {
        var schedule = new StepSchedule { Milestones = [0.5, 0.75], Warmup = 0.00625 };
        schedule.Factor(399, 64_000).Should().Be(1);
        schedule.Factor(31_999, 64_000).Should().Be(1);
        schedule.Factor(32_000, 64_000).Should().BeApproximately(0.1, 1e-12);
        schedule.Factor(47_999, 64_000).Should().BeApproximately(0.1, 1e-12);
        schedule.Factor(48_000, 64_000).Should().BeApproximately(0.01, 1e-12);
        schedule.Factor(63_999, 64_000).Should().BeApproximately(0.01, 1e-12);
    }

    [Fact]
    public void A_cycle_rises_from_a_25th_and_ends_at_a_250_000th()
    {
        var schedule = new OneCycleSchedule();
        schedule.Factor(0, 100).Should().BeApproximately(0.04, 1e-12);
        schedule.Factor(29, 100).Should().BeApproximately(1, 1e-12);
        schedule.Factor(99, 100).Should().BeApproximately(4e-6, 1e-12);
    }

    public static TheoryData<string> Kinds => [.. s_kinds.Keys];

    private static readonly Dictionary<string, LearningRateSchedule> s_kinds = new()
    {
        ["constant"] = new ConstantSchedule { Warmup = 0.2 },
        ["cosine"] = new CosineSchedule { Warmup = 0.1, WarmupStart = 0.01, Final = 0.001 },
        ["one-cycle"] = new OneCycleSchedule { Warmup = 0.25 },
        ["polynomial"] = new PolynomialSchedule { Power = 0.9 },
        ["step"] = new StepSchedule { Milestones = [0.25, 0.5], Gamma = 0.2 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_schedule_is_the_same_after_a_way_through_JSON(string kind)
    {
        string json = JsonSerializer.Serialize(s_kinds[kind]);
        json.Should().Contain($"\"{kind}\"");
        JsonSerializer.Deserialize<LearningRateSchedule>(json).Should().Be(s_kinds[kind]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Factors_are_between_0_and_1_in_runs_of_any_length(string kind)
    {
        foreach (var schedule in new[] { s_kinds[kind], s_kinds[kind] with { Warmup = 1 }, s_kinds[kind] with { Warmup = 0 } })
        {
            for (int steps = 1; steps < 12; steps++)
                Enumerable.Range(0, steps).Select(step => schedule.Factor(step, steps))
                    .Should().OnlyContain(factor => factor >= 0 && factor <= 1);
        }
    }

    public static TheoryData<string, Func<LearningRateSchedule>> Refused => new()
    {
        { "CosineSchedule.Warmup is 1.5, but*", () => new CosineSchedule { Warmup = 1.5 } },
        { "ConstantSchedule.WarmupStart is -0.1, but*", () => new ConstantSchedule { WarmupStart = -0.1 } },
        { "CosineSchedule.Final is 2, but*", () => new CosineSchedule { Final = 2 } },
        { "PolynomialSchedule.Power is 0, but*", () => new PolynomialSchedule { Power = 0 } },
        { "StepSchedule.Gamma is NaN, but*", () => new StepSchedule { Gamma = double.NaN } },
        { "StepSchedule.Milestones is [0.5, 0.5], but*", () => new StepSchedule { Milestones = [0.5, 0.5] } },
        { "StepSchedule.Milestones is [0.5, 1], but*", () => new StepSchedule { Milestones = [0.5, 1] } },
        { "StepSchedule.Milestones is [NaN], but*", () => new StepSchedule { Milestones = [double.NaN] } },
        { "OneCycleSchedule.Final is -1, but*", () => new OneCycleSchedule { Final = -1 } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_bad_value_is_refused_by_its_name(string message, Func<LearningRateSchedule> make) =>
        make.Should().Throw<ArgumentException>().WithMessage(message);
}
