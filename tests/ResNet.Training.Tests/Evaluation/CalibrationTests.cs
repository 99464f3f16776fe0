using ResNet.Training.Evaluation;

namespace ResNet.Training.Tests.Evaluation;

public sealed class CalibrationTests
{
    // Two bins: 0.3 and 0.5, one of them correct (mean confidence 0.4), and 0.75 and 1, both correct (0.875).
    [Fact]
    public void The_error_is_the_gap_of_the_bins_weighted_by_their_images()
    {
        var calibration = new Calibration([0.75f, 0.5f, 1f, 0.25f], [true, true, true, false], bins: 2);
        calibration.Bins.Should().Equal(new CalibrationBin(0, 0.5, 2, 0.375, 0.5), new CalibrationBin(0.5, 1, 2, 0.875, 1));
        calibration.Error.Should().BeApproximately((0.125 * 0.5) + (0.125 * 0.5), 1e-12);
    }

    [Fact]
    public void There_are_fifteen_bins_that_include_their_upper_edge()
    {
        var calibration = new Calibration([1f / 15, 0.07f, 1f], [true, false, true]);
        calibration.Bins.Should().HaveCount(15);
        calibration.Bins.Where(bin => bin.Images > 0).Select(bin => bin.To).Should().Equal(2.0 / 15, 1);
        // 1/15 in single precision is slightly above the edge.
        calibration.Bins[1].Images.Should().Be(2);
        new Calibration([0.5f], [true], bins: 4).Bins[1].Images.Should().Be(1);
        calibration.Bins[7].Confidence.Should().Be(double.NaN);
    }

    [Fact]
    public void A_perfectly_calibrated_network_has_no_error_and_a_boastful_one_a_large_one()
    {
        float[] sure = [.. Enumerable.Repeat(0.75f, 8)];
        new Calibration(sure, [true, true, true, true, true, true, false, false]).Error.Should().BeApproximately(0, 1e-12);
        new Calibration(sure, new bool[8]).Error.Should().BeApproximately(0.75, 1e-12);
    }

    [Fact]
    public void Without_images_or_with_what_is_no_number_there_is_no_error_to_tell()
    {
        new Calibration([], []).Error.Should().Be(double.NaN);
        var calibration = new Calibration([float.NaN, 0.5f], [true, true]);
        calibration.Error.Should().Be(double.NaN);
        calibration.Bins.Sum(bin => bin.Images).Should().Be(1);
    }
}
