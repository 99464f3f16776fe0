using ResNet.Imaging.Randomness;

namespace ResNet.Imaging.Tests;

/// <summary>Expected values were computed in Python from the same random numbers and the papers' formulas.</summary>
public sealed class DistributionsTests
{
    [Fact]
    public void Normal_numbers_are_those_of_Box_and_Muller()
    {
        var random = SplitMix64.For(5);
        double[] numbers = [random.NextNormal(), random.NextNormal(), random.NextNormal(), random.NextNormal()];
        ShouldBe(numbers, -0.7003332112917624, 0.4521463261781027, 0.27037579243611437, 1.08122776439756);
    }

    [Theory]
    [InlineData(0.2, -2.044435063532517, -0.3224346150202247, -0.7657937936126514)]
    [InlineData(1.0, -1.415703242730682, -1.2030582931545533, 0.6913990183956463)]
    [InlineData(1.5, -0.5763760994715013, -0.42834018491427556, 1.0179635967364382)]
    [InlineData(4.0, 0.90925635343223, 0.9847131545836159, 1.8166460784051195)]
    public void Gamma_numbers_are_those_of_Marsaglia_and_Tsang(double shape, params double[] expected)
    {
        var random = SplitMix64.For(5);
        double[] numbers = [.. expected.Select(_ => random.NextLogGamma(shape))];
        ShouldBe(numbers, expected);
    }

    [Theory]
    [InlineData(0.05, 0.026957533840005557, 0.9999999999916211, 0.9998912669726704)]
    [InlineData(0.2, 0.15161367266498404, 0.9978834364048709, 0.9130171240172467)]
    [InlineData(1.0, 0.44703818077499297, 0.8647298829656032, 0.8073067099013678)]
    [InlineData(4.0, 0.48114474525560674, 0.6937272462068956, 0.6489801009712082)]
    public void Beta_numbers_are_the_first_gamma_numbers_part_of_two(double alpha, params double[] expected)
    {
        var random = SplitMix64.For(5);
        double[] numbers = [.. expected.Select(_ => random.NextBeta(alpha))];
        ShouldBe(numbers, expected);
    }

    // Logarithms and cosines may differ in their last bits between machines.
    private static void ShouldBe(double[] numbers, params double[] expected)
    {
        numbers.Should().HaveSameCount(expected);
        foreach (var (number, value) in numbers.Zip(expected)) number.Should().BeApproximately(value, 1e-12);
    }
}
