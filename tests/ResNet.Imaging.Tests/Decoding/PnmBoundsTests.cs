using ResNet.Imaging.Decoding;

namespace ResNet.Imaging.Tests;

/// <summary>The shortest files that are read, and those that are one byte shorter or one number off.</summary>
public sealed class PnmBoundsTests
{
    [Theory]
    [InlineData("P1 2 2 1010", 4)]
    [InlineData("P2 2 2 9 1 2 3 4", 4)]
    [InlineData("P3 1 2 9 1 2 3 4 5 6", 2)]
    [InlineData("P4 9 2 abcd", 18)]
    [InlineData("P5 2 2 255 abcd", 4)]
    [InlineData("P5 2 2 256 abcdefgh", 4)]
    [InlineData("P6 1 2 255 abcdef", 2)]
    [InlineData("P6 1 2 256 abcdefghijkl", 2)]
    public void A_file_is_long_enough_to_the_byte(string file, int pixels)
    {
        using var image = Decode(file, channels: 3);
        (image.Width * image.Height).Should().Be(pixels);
        var cut = () => Decode(file[..^1].TrimEnd(' '), channels: 3);
        cut.Should().Throw<InvalidDataException>().WithMessage("its pixels end early");
    }

    // Each image would have more than 16 MB, which no pool keeps.
    [Theory]
    [InlineData("P1 13000 13000 1")]
    [InlineData("P2 13000 13000 9 1")]
    [InlineData("P3 9000 9000 9 1 2 3")]
    [InlineData("P4 13000 13000 a")]
    [InlineData("P4 8 4000000 a")]
    [InlineData("P5 13000 13000 255 a")]
    [InlineData("P5 13000 13000 256 ab")]
    [InlineData("P6 9000 9000 255 abc")]
    public void A_short_file_is_refused_before_its_pixels_take_memory(string file) => RefusedWithoutMemory(Bytes(file));

    [Fact]
    public void Two_bytes_a_sample_count_before_pixels_take_memory() =>
        RefusedWithoutMemory([.. "P5 4200 4200 256 "u8, .. new byte[4200 * 4200]]);

    [Theory]
    [InlineData("P1", false)]
    [InlineData("P1 ", true)]
    [InlineData("P6\n", true)]
    [InlineData("P0 ", false)]
    [InlineData("P7 ", false)]
    [InlineData("Q1 ", false)]
    [InlineData("P3\b", false)]
    [InlineData("P3\t", true)]
    [InlineData("P3\r", true)]
    [InlineData("P3\u000E", false)]
    public void A_signature_is_a_P_a_digit_and_a_space(string file, bool expected) => PnmDecoder.Accepts(Bytes(file)).Should().Be(expected);

    [Fact]
    public void All_white_space_separates_numbers()
    {
        foreach (string space in new[] { " ", "\t", "\n", "\v", "\f", "\r", " \n ", "#\n ", "# 9\r " })
            Pixels($"P2{space}2{space}1{space}9{space}0{space}9{space}", channels: 1).Should().Equal(0, 255);
    }

    [Fact]
    public void Numbers_have_up_to_ten_digits()
    {
        Pixels("P5 0000000002 0000000001 0000000255 ab", channels: 1).Should().Equal(97, 98);
        Refusal("P5 00000000002 1 255 ab").Should().Be("its width is no number");
        Refusal("P5 2: 1 255 ab").Should().Be("its width is no number");
        Refusal("P5 2/ 1 255 ab").Should().Be("its width is no number");
        var huge = () => Decode("P5 9999999999 1 255 ab", channels: 1);
        huge.Should().Throw<NotSupportedException>().WithMessage("it has 2147483647 x 1 pixels and*");
    }

    [Fact]
    public void The_largest_value_is_from_1_to_65535()
    {
        Refusal("P5 1 1 0 ab").Should().StartWith("its largest value is 0 and");
        Refusal("P5 1 1 65536 ab").Should().StartWith("its largest value is 65536 and");
        Pixels("P5 1 1 1 \u0001", channels: 1).Should().Equal(255);
        Pixels("P5 1 1 65535 \0\u0042", channels: 1).Should().Equal(66);
    }

    [Fact]
    public void Samples_above_the_largest_value_count_as_the_largest_in_raw_files()
    {
        Pixels("P5 3 1 100 \u0064\u0065\u00FF", channels: 1).Should().Equal(255, 255, 255);
        // Grey of more than 8 bits is scaled to 65535 and clipped; colours are scaled to 255.
        Pixels("P5 2 1 1000 \u0000\u0001\u0000\u0004", channels: 1).Should().Equal(66, 255);
        Pixels("P6 1 1 1000 \u0000\u0004\u0001\u00F4\u0003\u00E8", channels: 3).Should().Equal(1, 128, 255);
        Pixels("P5 2 1 255 \u0001\u0080", channels: 1).Should().Equal(1, 128);
    }

    [Fact]
    public void Bits_are_black_and_packed_from_the_highest()
    {
        Pixels("P4 10 1 \u0081\u0040", channels: 1).Should().Equal(0, 255, 255, 255, 255, 255, 255, 0, 255, 0);
        Pixels("P1 3 1 1 0\n1", channels: 1).Should().Equal(0, 255, 0);
        Refusal("P1 2 1 1 #0").Should().Be("its pixels end early");
    }

    private static string Refusal(string file)
    {
        var decode = () => Decode(file, channels: 1);
        return decode.Should().Throw<InvalidDataException>().Which.Message;
    }

    private static void RefusedWithoutMemory(byte[] file)
    {
        var message = "";
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            PnmDecoder.Decode(file, channels: 1).Dispose();
        }
        catch (InvalidDataException refusal)
        {
            message = refusal.Message;
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        message.Should().Be("its pixels end early");
        allocated.Should().BeLessThan(1 << 20);
    }

    private static byte[] Pixels(string file, int channels)
    {
        using var image = Decode(file, channels);
        return image.Rows(0, image.Height).ToArray();
    }

    private static DecodedImage Decode(string file, int channels) => PnmDecoder.Decode(Bytes(file), channels);

    private static byte[] Bytes(string file) => [.. file.Select(character => (byte)character)];
}
