using ResNet.Training.Reports.Charts;

namespace ResNet.Training.Tests.Reports.Charts;

public sealed class ChartAxisTests
{
    [Theory]
    [InlineData(0, 1, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0.13, 2.31, "0.0 0.5 1.0 1.5 2.0 2.5")]
    [InlineData(37.2, 93.4, "20 40 60 80 100")]
    [InlineData(0, 1850, "0 500 1,000 1,500 2,000")]
    [InlineData(-3, 7, "-4 -2 0 2 4 6 8")]
    [InlineData(0, 12, "0.0 2.5 5.0 7.5 10.0 12.5")]
    [InlineData(0, 0.00004, "0 1e-5 2e-5 3e-5 4e-5")]
    [InlineData(0, 30_000_000, "0 1e7 2e7 3e7")]
    public void Ticks_are_round_and_hold_all_values(double least, double most, string expected)
    {
        var axis = ChartAxis.Nice([most, double.NaN, least, double.PositiveInfinity]);
        string.Join(' ', axis.Ticks.Select(axis.Label)).Should().Be(expected);
        axis.Place(least, 0, 1).Should().BeGreaterThan(-1e-9);
        axis.Place(most, 0, 1).Should().BeLessThan(1 + 1e-9);
        (axis.From, axis.To).Should().Be((axis.Ticks[0], axis.Ticks[^1]));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(-0.25)]
    [InlineData(1e300)]
    [InlineData(1e-300)]
    public void One_value_or_none_still_makes_an_axis(double value)
    {
        ChartAxis[] axes =
            [ChartAxis.Nice([value]), ChartAxis.Nice([value], least: 0), ChartAxis.Nice([value, value], most: Math.Max(value, 100))];
        foreach (var axis in axes)
        {
            axis.To.Should().BeGreaterThan(axis.From);
            axis.Ticks.Should().HaveCountGreaterThan(1).And.HaveCountLessThan(20).And.OnlyContain(tick => double.IsFinite(tick));
            if (double.IsFinite(value)) axis.Place(value, 0, 1).Should().BeInRange(-1e-9, 1 + 1e-9);
        }
    }

    [Theory]
    [InlineData(1e-5, 10, "1e-5 0.0001 0.001 0.01 0.1 1 10")]
    [InlineData(0.02, 0.09, "0.02 0.09")]
    [InlineData(0.02, 0.5, "0.02 0.5")]
    [InlineData(0.1, 0.5, "0.1 0.5")]
    [InlineData(0.01, 0.1, "0.01 0.1")]
    public void A_logarithmic_axis_has_at_least_two_ticks(double from, double to, string expected)
    {
        var axis = ChartAxis.Logarithmic(from, to);
        string.Join(' ', axis.Ticks.Select(axis.Label)).Should().Be(expected);
    }

    [Fact]
    public void A_limit_is_not_gone_beyond()
    {
        ChartAxis.Nice([1, 2, 1e9], most: 2).Ticks.Should().HaveCountGreaterThan(3).And.EndWith(2);
        ChartAxis.Nice([61, 99.7], most: 100).To.Should().Be(100);
        ChartAxis.Nice([99.98, 100], most: 100).To.Should().BeGreaterThanOrEqualTo(100).And.BeLessThan(100.01);
    }

    [Theory]
    [InlineData(1, 5, "1 2 3 4 5")]
    [InlineData(0, 90, "0 20 40 60 80")]
    [InlineData(1, 300, "50 100 150 200 250 300")]
    [InlineData(0, 1, "0 1")]
    public void What_is_counted_has_whole_ticks(int from, int to, string expected)
    {
        var axis = ChartAxis.Whole(from, to);
        string.Join(' ', axis.Ticks.Select(axis.Label)).Should().Be(expected);
        (axis.From, axis.To).Should().Be((from, to));
    }
}
