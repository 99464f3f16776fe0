using ResNet.Imaging.Randomness;

namespace ResNet.Imaging.Tests;

/// <summary>Expected values were computed in Python from the published algorithm.</summary>
public sealed class SplitMix64Tests
{
    // The published generator's first numbers for the seed 0.
    [Fact]
    public void An_empty_key_gives_the_published_sequence_of_seed_0()
    {
        var random = SplitMix64.For();
        ulong[] numbers = [random.Next(), random.Next(), random.Next(), random.Next()];
        numbers.Should().Equal(0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC);
    }

    [Theory]
    [InlineData(new long[] { 1234567 }, 0xDAA5313A00C76D4D, 0x94A8B973CA4DA25D)]
    [InlineData(new long[] { 7, 3, -1 }, 0xD6D40590A6090262, 0x26200B3366DB9EC8)]
    public void A_key_decides_the_sequence(long[] key, ulong first, ulong second)
    {
        var random = SplitMix64.For(key);
        random.Next().Should().Be(first);
        random.Next().Should().Be(second);
    }

    [Fact]
    public void Numbers_between_0_and_1_are_the_upper_53_bits()
    {
        var random = SplitMix64.For();
        double[] numbers = [random.NextDouble(), random.NextDouble(), random.NextDouble()];
        numbers.Should().Equal(0.8833108082136426, 0.43152799704850997, 0.026433771592597743);
    }

    [Fact]
    public void Numbers_of_a_range_are_scaled()
    {
        var random = SplitMix64.For();
        double[] numbers = [random.NextDouble(-2, 6), random.NextDouble(-2, 6), random.NextDouble(-2, 6)];
        numbers.Should().Equal(5.066486465709141, 1.4522239763880798, -1.788529827259218);
    }

    [Fact]
    public void Integers_are_the_scaled_upper_32_bits()
    {
        var random = SplitMix64.For();
        int[] numbers = [.. Enumerable.Range(0, 12).Select(_ => random.NextInt(10))];
        numbers.Should().Equal(8, 4, 0, 9, 1, 3, 1, 7, 2, 9, 3, 7);
        random = SplitMix64.For();
        random.NextInt(int.MaxValue).Should().Be(1_896_895_515);
    }

    [Fact]
    public void A_shuffle_swaps_from_the_last_value_on()
    {
        int[] values = [.. Enumerable.Range(0, 8)];
        var random = SplitMix64.For();
        random.Shuffle(values.AsSpan());
        values.Should().Equal(1, 2, 6, 5, 4, 0, 3, 7);
        // Seven numbers were drawn, one for each value but the first.
        var other = SplitMix64.For();
        for (int i = 0; i < 7; i++) other.Next();
        random.Next().Should().Be(other.Next());
    }
}
