using ResNet.Imaging.Decoding.Jpeg;

namespace ResNet.Imaging.Tests;

public sealed unsafe class HuffmanTableTests
{
    // The code of luma's first coefficients that ITU-T T.81 suggests (table K.3): lengths 2, 3 × 5, 4, 5, 6, 7, 8 and 9.
    private static readonly byte[] s_luma =
        [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, .. Enumerable.Range(0, 12).Select(size => (byte)size)];

    [Theory]
    [InlineData(0b00_0000_0000, 0, 2)]
    [InlineData(0b00_1111_1111, 0, 2)]
    [InlineData(0b01_0000_0000, 1, 3)]
    [InlineData(0b10_1111_1111, 4, 3)]
    [InlineData(0b11_0111_1111, 5, 3)]
    [InlineData(0b11_1000_0000, 6, 4)]
    [InlineData(0b11_1101_1111, 7, 5)]
    [InlineData(0b11_1111_1101, 11, 9)]
    [InlineData(0b11_1111_1110, 0, 0)]
    [InlineData(0b11_1111_1111, 0, 0)]
    public void The_suggested_code_is_looked_up(int next, int symbol, int length)
    {
        var table = new HuffmanTable();
        table.Define(s_luma).Should().Be(28);
        table.Symbols[next].Should().Be((uint)((symbol << 8) | length));
        (table.IsDefined, table.HasOnlySizes).Should().Be((true, true));
    }

    [Fact]
    public void Codes_longer_than_the_look_up_are_found_by_their_length()
    {
        // 0, 10, and then one code of 11 bits, two of 12 and one of 16.
        byte[] definition = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 10, 20, 30, 40, 50, 60];
        var table = new HuffmanTable();
        table.Define(definition).Should().Be(22);
        ShouldFind(0b1100_0000_0000_0000, 11, 30);
        ShouldFind(0b1100_0000_0001_1111, 11, 30);
        ShouldFind(0b1100_0000_0010_0000, 12, 40);
        ShouldFind(0b1100_0000_0011_1111, 12, 50);
        ShouldFind(0b1100_0000_0100_0000, 16, 60);
        ShouldFind(0b1100_0000_0100_0001, 0, 0);
        ShouldFind(0xFFFF, 0, 0);
        table.HasOnlySizes.Should().BeFalse();

        void ShouldFind(int next, int length, int symbol)
        {
            table.FindLong(next, out int found).Should().Be(length);
            found.Should().Be(symbol);
        }
    }

    // Symbols: one bit without a run (code 0), the end (10), sixteen zeros (110), five bits after three zeros (1110), seven bits (11110).
    [Theory]
    [InlineData(0b01_0000_0000, 1, 0, 2)]
    [InlineData(0b00_0000_0000, -1, 0, 2)]
    [InlineData(0b10_0000_0000, 1, HuffmanTable.EndOfBlock, 2)]
    [InlineData(0b11_0000_0000, 0, 0xF0, 3)]
    [InlineData(0b11_1010_1010, 21, 3, 9)]
    [InlineData(0b11_1000_1010, -26, 3, 9)]
    [InlineData(0b11_1010_0000, 16, 3, 9)]
    [InlineData(0b11_1001_1110, -16, 3, 9)]
    [InlineData(0b11_1100_0000, 0, 0x07, 5)]
    public void Coefficients_have_their_value_where_it_fits(int next, int value, int run, int length)
    {
        byte[] definition = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x00, 0xF0, 0x35, 0x07];
        var table = new HuffmanTable();
        table.Define(definition).Should().Be(21);
        uint entry = table.Coefficients[next];
        ((int)entry >> 16, (int)(entry >> 8 & 0xFF), (int)(entry & 0xFF)).Should().Be((value, run, length));
    }

    [Fact]
    public void Sizes_of_first_coefficients_go_up_to_15()
    {
        var table = new HuffmanTable();
        table.Define([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15]);
        table.HasOnlySizes.Should().BeTrue();
        table.Define([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16]);
        table.HasOnlySizes.Should().BeFalse();
    }

    [Fact]
    public void Definitions_that_are_too_short_too_long_or_overfull_are_refused()
    {
        Define([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).Should().Be(16);
        Define([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).Should().Be(0);
        Define([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).Should().Be(0);
        Define([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7]).Should().Be(17);
        // 256 symbols are the most.
        Define([0, 0, 0, 0, 0, 0, 0, 0, 255, 1, 0, 0, 0, 0, 0, 0, .. new byte[256]]).Should().Be(272);
        Define([0, 0, 0, 0, 0, 0, 0, 0, 255, 2, 0, 0, 0, 0, 0, 0, .. new byte[257]]).Should().Be(0);
        // No code consists of ones alone, and there are no more codes of a length than fit.
        Define([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]).Should().Be(0);
        Define([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]).Should().Be(0);
        Define([1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]).Should().Be(0);
        Define([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, .. new byte[17]]).Should().Be(0);

        static int Define(byte[] definition) => new HuffmanTable().Define(definition);
    }

    [Fact]
    public void A_refused_definition_leaves_no_codes_of_the_one_before()
    {
        var table = new HuffmanTable();
        table.Define(s_luma);
        table.IsDefined = false;
        table.Define([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]).Should().Be(0);
        table.IsDefined.Should().BeFalse();
        table.Define(s_luma).Should().Be(28);
        table.Symbols[0].Should().Be(2);
        table.IsDefined.Should().BeTrue();
    }
}
