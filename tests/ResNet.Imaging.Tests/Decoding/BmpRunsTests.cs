using ResNet.Imaging.Decoding;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

/// <summary>Run lengths, and the indices that they stand for, from the lowest line on.</summary>
public sealed class BmpRunsTests
{
    // Pillow 9.4 reads the same from a bitmap of these run lengths.
    [Theory]
    // A run ends with its line, wherever it begins, and another one in a full line is nothing.
    [InlineData(5, 2, new byte[] { 3, 1, 5, 2, 4, 9, 0, 0, 2, 3, 3, 4 }, new byte[] { 1, 1, 1, 2, 2, 3, 3, 4, 4, 4 })]
    // The same behind pixels as they are.
    [InlineData(5, 2, new byte[] { 0, 3, 1, 2, 3, 0, 5, 4, 0, 0, 5, 6 }, new byte[] { 1, 2, 3, 4, 4, 6, 6, 6, 6, 6 })]
    // An odd number of pixels is followed by a byte that does not count.
    [InlineData(
        6, 2, new byte[] { 0, 3, 5, 6, 7, 0, 3, 8, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 1, 9 },
        new byte[] { 5, 6, 7, 8, 8, 8, 1, 2, 3, 4, 5, 9 })]
    // The end of a line fills the line, but not one that is full.
    [InlineData(3, 2, new byte[] { 2, 1, 0, 0, 3, 2 }, new byte[] { 1, 1, 0, 2, 2, 2 })]
    [InlineData(4, 2, new byte[] { 1, 7, 0, 0, 2, 3, 2, 5 }, new byte[] { 7, 0, 0, 0, 3, 3, 5, 5 })]
    [InlineData(3, 2, new byte[] { 3, 1, 0, 0, 0, 0, 3, 2 }, new byte[] { 1, 1, 1, 2, 2, 2 })]
    // Pixels as they are go on in the next line, where no run follows before that line's end, and stop with the picture.
    [InlineData(3, 2, new byte[] { 0, 4, 1, 2, 3, 4, 2, 7, 0, 0 }, new byte[] { 1, 2, 3, 4, 0, 0 })]
    [InlineData(3, 1, new byte[] { 0, 4, 1, 2, 3, 4 }, new byte[] { 1, 2, 3 })]
    public void Runs_of_eight_bits_give_their_indices(int width, int height, byte[] runs, byte[] expected) =>
        Indices(width, height, 8, runs).Should().Equal(expected);

    // The first three as in Pillow 9.4; it misreads an odd number of pixels as they are.
    [Theory]
    // Each run begins with the upper half of its byte.
    [InlineData(7, 1, new byte[] { 3, 0x12, 3, 0x34, 1, 0x56 }, new byte[] { 1, 2, 1, 3, 4, 3, 5 })]
    [InlineData(5, 2, new byte[] { 3, 0x12, 5, 0x34, 0, 0, 2, 0x56, 3, 0x78 }, new byte[] { 1, 2, 1, 3, 4, 5, 6, 7, 8, 7 })]
    // Four pixels are two bytes, and six are three and one that does not count.
    [InlineData(
        6, 2, new byte[] { 0, 6, 0x12, 0x34, 0x56, 0, 0, 0, 0, 4, 0x78, 0x9A, 3, 0xBC },
        new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 })]
    // Three pixels are two bytes, and five are three and one that does not count.
    [InlineData(7, 1, new byte[] { 0, 3, 0x12, 0x3F, 4, 0x45 }, new byte[] { 1, 2, 3, 4, 5, 4, 5 })]
    [InlineData(7, 1, new byte[] { 0, 5, 0x12, 0x34, 0x5F, 9, 2, 0x67 }, new byte[] { 1, 2, 3, 4, 5, 6, 7 })]
    public void Runs_of_four_bits_give_their_indices(int width, int height, byte[] runs, byte[] expected) =>
        Indices(width, height, 4, runs).Should().Equal(expected);

    // By the format; Pillow reads a move from the bytes behind it.
    [Theory]
    // One pixel; two to the right and one up; a run, cut at the end of its line.
    [InlineData(5, 3, new byte[] { 1, 1, 0, 2, 2, 1, 9, 4, 0, 0, 5, 3 }, new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 4, 4, 3, 3, 3, 3, 3 })]
    // To the right only, over the end of the line, and up only.
    [InlineData(3, 2, new byte[] { 2, 1, 0, 2, 2, 0, 9, 4 }, new byte[] { 1, 1, 0, 0, 4, 4 })]
    [InlineData(3, 2, new byte[] { 2, 1, 0, 2, 0, 1, 9, 4 }, new byte[] { 1, 1, 0, 0, 0, 4 })]
    // Beyond the end of the picture.
    [InlineData(3, 2, new byte[] { 1, 1, 0, 2, 200, 5 }, new byte[] { 1, 0, 0, 0, 0, 0 })]
    public void A_move_skips_pixels(int width, int height, byte[] runs, byte[] expected)
    {
        Indices(width, height, 8, runs).Should().Equal(expected);
        byte[] halves = [.. runs];
        for (var i = 0; i < halves.Length; i += 2)
        {
            if (halves[i] > 0) halves[i + 1] *= 0x11;
            else if (halves[i + 1] == 2) i += 2;
        }
        Indices(width, height, 4, halves).Should().Equal(expected);
    }

    [Fact]
    public void Pixels_end_at_an_even_position_of_the_file()
    {
        Indices(4, 1, 8, [77, 0, 3, 1, 2, 3, 1, 9], position: 1).Should().Equal(1, 2, 3, 9);
        Indices(6, 1, 8, [77, 0, 4, 1, 2, 3, 4, 77, 2, 9], position: 1).Should().Equal(1, 2, 3, 4, 9, 9);
    }

    [Fact]
    public void Lines_of_every_width_take_their_colours_from_the_palette()
    {
        byte[] palette =
        [
            .. Enumerable.Range(0, 16).SelectMany(index => new byte[] { (byte)(index + 100), (byte)(index + 50), (byte)index, 0 }),
        ];
        for (var width = 1; width <= 24; width++)
        {
            for (var height = 1; height <= 4; height++)
            {
                byte[] runs = [.. Enumerable.Range(1, height).SelectMany(line => new byte[] { (byte)width, (byte)line, 0, 0 })];
                using var image = BmpDecoder.Decode(TestBmp.Encode(width, -height, 8, runs, palette, compression: 1), channels: 3);
                var expected = Enumerable.Range(1, height)
                    .SelectMany(line => Enumerable.Repeat(new byte[] { (byte)line, (byte)(line + 50), (byte)(line + 100) }, width))
                    .SelectMany(colour => colour);
                image.Rows(0, height).ToArray().Should().Equal(expected, "{0} x {1}", width, height);
            }
        }
    }

    private static byte[] Indices(int width, int height, int bits, byte[] runs, int position = 0)
    {
        new BmpRuns(runs, position, width, height, bits).TryDecode([]).Should().BeTrue("they are counted first");
        var indices = new byte[width * height];
        Array.Fill(indices, (byte)0xEE);
        new BmpRuns(runs, position, width, height, bits).TryDecode(indices).Should().BeTrue();
        return indices;
    }
}
