using ResNet.Imaging.Transforms;

namespace ResNet.Imaging.Tests;

/// <summary>The bounds of the transforms' options, on both sides of each.</summary>
public sealed class OptionBoundsTests
{
    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(0, 1, false)]
    [InlineData(1, 0, false)]
    public void A_size_has_at_least_one_pixel(int height, int width, bool isAccepted)
    {
        Accepts(() => new CenterCrop(new ImageSize(height, width)), isAccepted);
        Accepts(() => new RandomResizedCrop(new ImageSize(height, width)), isAccepted);
    }

    [Theory]
    [InlineData(0.5, 1, true)]
    [InlineData(1, 1, true)]
    [InlineData(double.Epsilon, 1, true)]
    [InlineData(0, 1, false)]
    [InlineData(-0.1, 0.5, false)]
    [InlineData(0.6, 0.5, false)]
    [InlineData(0.5, 1.01, false)]
    [InlineData(double.NaN, 1, false)]
    [InlineData(0.5, double.NaN, false)]
    public void A_range_of_areas_lies_between_0_and_1(double minimum, double maximum, bool isAccepted)
    {
        Accepts(() => new RandomResizedCrop(8) { Scale = (minimum, maximum) }, isAccepted);
        if (isAccepted) return;
        FluentActions.Invoking(() => new RandomResizedCrop(8) { Scale = (minimum, maximum) }).Should().Throw<InvalidOptionException>()
            .WithMessage("RandomResizedCrop.Scale is *, but has to be two numbers more than 0, the smaller one first, and at most 1.");
    }

    [Theory]
    [InlineData(0.5, 100, true)]
    [InlineData(0, 2, false)]
    [InlineData(3, 2, false)]
    public void A_range_of_ratios_has_no_upper_bound(double minimum, double maximum, bool isAccepted)
    {
        Accepts(() => new RandomResizedCrop(8) { Ratio = (minimum, maximum) }, isAccepted);
        if (isAccepted) return;
        FluentActions.Invoking(() => new RandomResizedCrop(8) { Ratio = (minimum, maximum) }).Should().Throw<InvalidOptionException>()
            .WithMessage("RandomResizedCrop.Ratio is *, but has to be two numbers more than 0, the smaller one first.");
    }

    [Fact]
    public void Means_and_deviations_are_one_for_each_channel_and_deviations_more_than_0()
    {
        Accepts(() => new Normalize([0.5f], [0.1f]), isAccepted: true);
        Accepts(() => new Normalize([0, -1, 2], [0.1f, 0.2f, 0.3f]), isAccepted: true);
        Accepts(() => new Normalize([], []), isAccepted: false);
        Accepts(() => new Normalize([0.5f, 0.5f], [0.1f]), isAccepted: false);
        Accepts(() => new Normalize([0.5f], [0.1f, 0.1f]), isAccepted: false);
        Accepts(() => new Normalize([0.5f, 0.5f], [0.1f, 0]), isAccepted: false);
        Accepts(() => new Normalize([0.5f, 0.5f], [0, 0.1f]), isAccepted: false);
        Accepts(() => new Normalize([0.5f], [-0.1f]), isAccepted: false);
        Accepts(() => new Normalize([0.5f], [float.NaN]), isAccepted: false);
        FluentActions.Invoking(() => new Normalize(null!, [0.1f])).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => new Normalize([0.1f], null!)).Should().Throw<ArgumentNullException>();
    }

    [Fact]
    public void Random_transforms_say_so()
    {
        new RandomCrop(8).IsRandom.Should().BeTrue();
        new RandomResize(8, 9).IsRandom.Should().BeTrue();
        new RandomResizedCrop(8).IsRandom.Should().BeTrue();
        new RandomErasing(0.1).IsRandom.Should().BeTrue();
        new RandomErasing(0).IsRandom.Should().BeFalse();
        new CenterCrop(8).IsRandom.Should().BeFalse();
        new Resize(8).IsRandom.Should().BeFalse();
    }

    private static void Accepts(Func<object> create, bool isAccepted)
    {
        if (isAccepted) create.Should().NotThrow();
        else create.Should().Throw<InvalidOptionException>();
    }
}
