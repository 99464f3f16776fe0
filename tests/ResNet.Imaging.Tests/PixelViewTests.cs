namespace ResNet.Imaging.Tests;

public sealed class PixelViewTests
{
    [Theory]
    [InlineData(24, 12, 3, 4, 2)]
    [InlineData(8, 4, 1, 4, 2)]
    // Rows with something between them, which the last one need not have.
    [InlineData(32, 20, 3, 4, 2)]
    public void A_view_takes_memory_that_is_long_enough(int bytes, int stride, int channels, int width, int height)
    {
        var view = new PixelView(new byte[bytes], stride, channels, new Area(5, 6, width, height));
        view.Row(6, 7, 2).Length.Should().Be(2 * channels);
    }

    [Theory]
    [InlineData(4, 6, 2)]
    [InlineData(8, 6, 2)]
    [InlineData(5, 5, 2)]
    [InlineData(5, 8, 2)]
    [InlineData(5, 6, -1)]
    [InlineData(5, 1 << 30, 2)]
    [InlineData(int.MaxValue, 6, 2)]
    public void A_row_beyond_the_area_is_refused(int left, int y, int width)
    {
        var row = () => new PixelView(new byte[24], 12, 3, new Area(5, 6, 4, 2)).Row(left, y, width).Length;
        row.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*do not lie in Area { Left = 5, Top = 6, Width = 4, Height = 2*");
    }

    [Theory]
    [InlineData(23, 12, 3, 4, 2, "There are 23 bytes where 4 × 2 pixels need 24.*")]
    [InlineData(24, 11, 3, 4, 2, "Rows are 11 bytes apart, but 4 pixels of 3 channel(s) need 12.*")]
    [InlineData(24, 12, 2, 4, 2, "The pixels have 2 channels, but have to have 1 (grey) or 3 (RGB).*")]
    [InlineData(24, 12, 3, 0, 2, "The area has 0 × 2 pixels, but has to have at least one.*")]
    [InlineData(24, int.MaxValue, 3, 4, 2, "There are 24 bytes where 4 × 2 pixels need 2147483659.*")]
    public void A_view_refuses_memory_that_is_too_short(int bytes, int stride, int channels, int width, int height, string message)
    {
        var make = () => new PixelView(new byte[bytes], stride, channels, new Area(0, 0, width, height)).Stride;
        make.Should().Throw<ArgumentException>().WithMessage(message);
    }
}
