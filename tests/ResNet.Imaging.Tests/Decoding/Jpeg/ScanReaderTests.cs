using ResNet.Imaging.Decoding.Jpeg;

namespace ResNet.Imaging.Tests;

public sealed class ScanReaderTests
{
    [Theory]
    [InlineData(new byte[] { 1, 2, 0xFF, 0xD9 }, 1, true)]
    [InlineData(new byte[] { 1, 2, 0xFF, 0xD9 }, 2, false)]
    [InlineData(new byte[] { 0xFF, 0xD9 }, 1, true)]
    [InlineData(new byte[] { 1, 0xFF, 0, 2, 0xFF, 0xD9 }, 1, true)]
    [InlineData(new byte[] { 1, 0xFF, 0xFF, 0xFF, 0xD9 }, 1, true)]
    [InlineData(new byte[] { 1, 0xFF, 0xD0, 2, 0xFF, 0xD9 }, 2, true)]
    [InlineData(new byte[] { 1, 0xFF, 0xD0, 2, 0xFF, 0xD9 }, 1, false)]
    [InlineData(new byte[] { 1, 0xFF, 0xD0, 2, 0xFF, 0xD9 }, 3, false)]
    [InlineData(new byte[] { 1, 0xFF, 0xD1, 2, 0xFF, 0xD9 }, 2, false)]
    [InlineData(new byte[] { 1, 0xFF, 0xE0, 2, 0xFF, 0xD9 }, 2, false)]
    [InlineData(new byte[] { 1, 0xFF, 0xFE, 2, 0xFF, 0xD9 }, 2, false)]
    [InlineData(new byte[] { 1, 2 }, 1, false)]
    [InlineData(new byte[] { 1, 0xFF }, 1, false)]
    [InlineData(new byte[] { 1, 0xFF, 0 }, 1, false)]
    [InlineData(new byte[0], 1, false)]
    public void A_scan_has_as_many_parts_as_it_should_and_ends(byte[] scan, int parts, bool expected)
    {
        var reader = new ScanReader();
        reader.TryStart(scan, parts).Should().Be(expected);
        reader.IsCut.Should().BeFalse();
        if (!expected) return;
        for (int part = 1; part < parts; part++) reader.TryNextPart().Should().BeTrue();
        reader.TryNextPart().Should().BeFalse();
    }

    [Fact]
    public void Restarts_are_numbered_from_0_to_7_and_again()
    {
        byte[] scan = [.. Enumerable.Range(0, 10).SelectMany(i => new byte[] { 1, 0xFF, (byte)(0xD0 + (i % 8)) }), 1, 0xFF, 0xD9];
        new ScanReader().TryStart(scan, 11).Should().BeTrue();
        scan[^4] = 0xD2;
        new ScanReader().TryStart(scan, 11).Should().BeFalse();
    }

    [Theory]
    [InlineData(0xD8, true)]
    [InlineData(0xC4, true)]
    [InlineData(0xCF, true)]
    [InlineData(0xDA, true)]
    [InlineData(0x01, true)]
    [InlineData(0xF0, true)]
    [InlineData(0xFD, true)]
    [InlineData(0xDF, true)]
    [InlineData(0xE0, false)]
    [InlineData(0xEF, false)]
    [InlineData(0xFE, false)]
    [InlineData(0xD1, false)]
    [InlineData(0xD7, false)]
    public void Other_markers_cut_the_scan(byte marker, bool expected)
    {
        var reader = new ScanReader();
        reader.TryStart([1, 0xFF, marker, 2, 0xFF, 0xD9], 2).Should().BeFalse();
        reader.IsCut.Should().Be(expected);
        reader.Forget();
        reader.IsCut.Should().BeFalse();
    }

    [Fact]
    public void Coefficients_go_from_the_zigzag_to_their_rows() =>
        ScanReader.NaturalOrder[..16].ToArray().Should().Equal(0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5);
}
