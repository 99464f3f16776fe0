namespace ResNet.Parity.Tests;

public sealed class SeedSpreadTests
{
    [Fact]
    public void The_band_is_widened_by_the_greatest_distance_nearby()
    {
        var narrow = Enumerable.Repeat(1.0, 20).ToArray();
        var wide = narrow.Select((value, i) => i == 3 ? value + 0.5 : value).ToArray();
        var spread = new SeedSpread([narrow, wide, narrow]);
        spread.Band[3].Should().Be((0.5, 2.0));
        spread.Band[8].Should().Be((0.5, 1.5));
        spread.Band[9].Should().Be((1.0, 1.0));
    }

    [Fact]
    public void Points_outside_are_named_and_NaN_is_outside()
    {
        var spread = new SeedSpread([[1, 2, 3], [2, 3, 4], [1.5, 2.5, 3.5]]);
        spread.Outside([0, 4, 5]).Should().BeEmpty();
        spread.Outside([-0.1, 4.1, double.NaN]).Should().Equal(0, 1, 2);
    }
}
