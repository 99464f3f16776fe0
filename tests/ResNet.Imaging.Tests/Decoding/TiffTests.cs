using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class TiffTests : IDisposable
{
    private const string NotRead = "it is a TIFF image of a kind that is not read: ";
    private const string Damaged = "the file is damaged or truncated (";
    private const int Width = 40;
    private const int Height = 37;

    private static readonly TestTiff s_grey = new(Width, Height);
    private static readonly TestTiff s_colour = new(Width, Height) { Bits = [8, 8, 8], Photometric = 2 };
    private static readonly (int Width, int Height) s_tile = (16, 32);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int, bool, bool, bool, bool> Layouts()
    {
        var data = new TheoryData<int, bool, bool, bool, bool>();
        foreach (var compression in new[] { 1, 5, 8, 32773, 32946 })
            for (var i = 0; i < 16; i++)
                data.Add(compression, (i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0);
        return data;
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Strips_and_tiles_of_every_layout_are_read(int compression, bool isTiled, bool isPlanar, bool isBigEndian, bool isBigTiff)
    {
        var layout = s_colour with
        {
            Compression = compression,
            Tile = isTiled ? s_tile : null,
            RowsPerStrip = 5,
            IsPlanar = isPlanar,
            IsBigEndian = isBigEndian,
            IsBigTiff = isBigTiff,
        };
        var pixels = Motif.Pixels(Width, Height, 3);
        Decode(layout.Encode(pixels), 3).Should().Equal(pixels);
        pixels = Motif.Pixels(Width, Height, 1);
        Decode((layout with { Bits = [8], Photometric = 1 }).Encode(pixels), 1).Should().Equal(pixels);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public void Few_bits_span_all_levels_of_grey_or_choose_from_a_palette(int bits, bool isTiled)
    {
        var rows = Motif.Pixels(((Width * bits) + 7) / 8, Height, 1);
        var most = (1 << bits) - 1;
        var samples = rows.SelectMany(value => Enumerable.Range(1, 8 / bits).Select(i => value >> (8 - (i * bits)) & most)).ToArray();
        var tiff = s_grey with { Bits = [bits], Tile = isTiled ? s_tile : null };
        Decode(tiff.Encode(rows), 1).Should().Equal(samples.Select(sample => (byte)(sample * 255 / most)));
        Decode((tiff with { Photometric = 0 }).Encode(rows), 1)
            .Should().Equal(samples.Select(sample => (byte)(255 - (sample * 255 / most))));

        // All levels of red, then those of green and of blue.
        int[] palette = [.. Motif.Pixels(most + 1, 3, 1).Select(level => level * 257)];
        var expected = samples.SelectMany(i => Enumerable.Range(0, 3).Select(channel => (byte)(palette[(channel * (most + 1)) + i] >> 8)));
        Decode((tiff with { Photometric = 3, Extra = [(320, palette)] }).Encode(rows), 3).Should().Equal(expected);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Sixteen_bits_keep_their_upper_half_in_tiles_and_planes(bool isPlanar, bool isBigEndian)
    {
        var samples = Motif.Pixels(Width * 2, Height, 3);
        var tiff = s_colour with { Bits = [16, 16, 16], Tile = s_tile, IsPlanar = isPlanar, IsBigEndian = isBigEndian };
        Decode(tiff.Encode(samples), 3).Should().Equal(samples.Where((_, i) => i % 2 == (isBigEndian ? 0 : 1)));
    }

    // Pillow reads these as mode I, which it clips.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Signed_grey_is_clipped_to_eight_bits(bool isTiled)
    {
        short[] samples = [-32768, -1, 0, 1, 127, 128, 254, 255, 256, 32767, -255, 77];
        byte[] expected = [0, 0, 0, 1, 127, 128, 254, 255, 255, 255, 0, 77];
        var tiff = new TestTiff(4, 3) { Bits = [16], Extra = [(339, [2])], Tile = isTiled ? s_tile : null };
        var rows = samples.SelectMany(sample => new[] { (byte)sample, (byte)(sample >> 8) }).ToArray();
        Decode(tiff.Encode(rows), 1).Should().Equal(expected);
        Decode(tiff.Encode(rows), 3).Should().Equal(expected.SelectMany(grey => new[] { grey, grey, grey }));
    }

    // Pillow 9.4: Image.open(file).convert("RGB").
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Associated_alpha_is_divided_out_as_in_Pillow(bool isTiled, bool isPlanar)
    {
        byte[] pixels = [10, 20, 30, 255, 10, 20, 30, 0, 10, 20, 30, 40, 1, 2, 3, 7, 100, 127, 128, 129, 255, 3, 200, 254];
        byte[] expected = [10, 20, 30, 0, 0, 0, 63, 127, 191, 36, 72, 109, 197, 251, 253, 255, 3, 200];
        var tiff = new TestTiff(6, 1)
        {
            Bits = [8, 8, 8, 8], Photometric = 2, Extra = [(338, [1])], Tile = isTiled ? s_tile : null, IsPlanar = isPlanar,
        };
        Decode(tiff.Encode(pixels), 3).Should().Equal(expected);

        // Of 16 bits the upper half counts.
        byte[] deep = [.. pixels.SelectMany(sample => new[] { (byte)0xEE, sample })];
        Decode((tiff with { Bits = [16, 16, 16, 16] }).Encode(deep), 3).Should().Equal(expected);

        // Another channel behind it does not count, nor does a second byte order or offsets of 8 bytes.
        byte[] more = [.. pixels.Chunk(4).SelectMany(pixel => pixel.Append((byte)99))];
        var longer = tiff with { Bits = [8, 8, 8, 8, 8], Extra = [(338, [1, 0])], IsBigEndian = true, IsBigTiff = true };
        Decode(longer.Encode(more), 3).Should().Equal(expected);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Other_alpha_is_dropped(int kind)
    {
        var pixels = Motif.Pixels(Width, Height, 4);
        var tiff = s_colour with { Bits = [8, 8, 8, 8], Extra = [(338, [kind])], Tile = s_tile };
        Decode(tiff.Encode(pixels), 3).Should().Equal(pixels.Where((_, i) => i % 4 < 3));
    }

    [Fact]
    public void Inks_in_tiles_are_read()
    {
        // Pillow 9.4: Image.open(file).convert("RGB").
        byte[] inks = [0, 0, 0, 0, 255, 0, 0, 0, 10, 20, 30, 40, 100, 200, 50, 128];
        var tiff = new TestTiff(4, 1) { Bits = [8, 8, 8, 8], Photometric = 5, Tile = s_tile };
        Decode(tiff.Encode(inks), 3).Should().Equal(255, 255, 255, 0, 255, 255, 207, 198, 190, 77, 27, 102);
    }

    [Theory]
    [InlineData(2, 512, 512)]
    [InlineData(3, 48, 16)]
    [InlineData(6, 16, 16)]
    [InlineData(8, 32, 48)]
    public void Tiles_are_rotated_and_may_be_larger_than_the_image(int orientation, int tileWidth, int tileHeight)
    {
        var pixels = Motif.Pixels(Width, Height, 3);
        var strips = s_colour with { Extra = [(274, [orientation])] };
        var tiles = strips with { Tile = (tileWidth, tileHeight), Compression = 8 };
        Decode(tiles.Encode(pixels), 3).Should().Equal(Decode(strips.Encode(pixels), 3));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void The_first_of_several_pages_is_read(bool isTiled, bool isBigTiff)
    {
        var pixels = Motif.Pixels(Width, Height, 1);
        var tiff = s_grey with { Tile = isTiled ? s_tile : null, IsBigTiff = isBigTiff, HasSecondPage = true };
        Decode(tiff.Encode(pixels), 1).Should().Equal(pixels);
    }

    [Fact]
    public void Odd_but_sound_files_are_read()
    {
        var pixels = Motif.Pixels(Width, Height, 1);
        // An unknown tag, a resolution of another type, and text without its end.
        (int, int[])[] odd = [(50999, [1, 2, 3]), (282, [72]), (65001, [7])];
        Decode((s_grey with { Extra = odd }).Encode(pixels), 1).Should().Equal(pixels);
        Decode((s_grey with { Extra = odd, Tile = s_tile }).Encode(pixels), 1).Should().Equal(pixels);
        // Alpha that is not declared.
        var four = Motif.Pixels(Width, Height, 4);
        Decode((s_colour with { Bits = [8, 8, 8, 8] }).Encode(four), 3).Should().Equal(four.Where((_, i) => i % 4 < 3));
        // A strip that claims to be longer than the file.
        Decode((s_grey with { Misplace = (_, place) => (place.Offset, place.Count + 100_000) }).Encode(pixels), 1).Should().Equal(pixels);
    }

    public static TheoryData<string, int> Damages()
    {
        var data = new TheoryData<string, int>();
        foreach (var compression in new[] { 5, 8, 32773 })
            foreach (var damage in new[] { "noise", "cut", "empty", "elsewhere" })
                data.Add(damage, compression);
        foreach (var damage in new[] { "cut", "empty", "elsewhere" }) data.Add(damage, 1);
        return data;
    }

    // libvips shows such tiles as black.
    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_tile_is_refused(string damage, int compression)
    {
        foreach (var isPlanar in new[] { false, true })
        {
            var tiff = s_colour with
            {
                Compression = compression,
                Tile = s_tile,
                IsPlanar = isPlanar,
                Damage = (i, data) => (i, damage) switch
                {
                    (3, "noise") => [.. Enumerable.Repeat((byte)0xFF, 20)],
                    (3, "cut") => data[..(data.Length / 2)],
                    _ => data,
                },
                Misplace = (i, place) => (i, damage) switch
                {
                    (3, "empty") => (place.Offset, 0),
                    (3, "elsewhere") => (1 << 30, place.Count),
                    _ => place,
                },
            };
            Refusal(tiff.Encode(Motif.Pixels(Width, Height, 3))).Should().StartWith(Damaged);
        }
    }

    [Fact]
    public void A_file_without_its_last_tile_is_refused()
    {
        var whole = (s_grey with { Tile = s_tile, Compression = 8 }).Encode(Motif.Pixels(Width, Height, 1));
        foreach (var part in new[] { 0.3, 0.6, 0.9, 0.99 })
            Refusal(whole[..(int)(whole.Length * part)]).Should().StartWith(Damaged);
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(16, 0)]
    public void Tiles_without_a_size_are_refused(int width, int height) =>
        Refusal((s_grey with { Tile = s_tile, Extra = [(322, [width]), (323, [height])] }).Encode(Motif.Pixels(Width, Height, 1)))
            .Should().StartWith(Damaged);

    [Fact]
    public void Tiles_too_large_for_memory_are_refused() =>
        Refusal((s_grey with { Tile = s_tile, Extra = [(322, [60000]), (323, [60000])] }).Encode(Motif.Pixels(Width, Height, 1)))
            .Should().Be("its tiles have 60000 x 60000 pixels and 178,956,970 are the most that is read");

    [Theory]
    [InlineData(6, "old-style JPEG")]
    [InlineData(34925, "LZMA")]
    [InlineData(50000, "Zstandard")]
    [InlineData(34887, "LERC")]
    [InlineData(34661, "JBIG")]
    [InlineData(33003, "JPEG 2000")]
    [InlineData(65000, "number 65000")]
    public void A_compression_that_libvips_does_not_decode_is_called_that(int compression, string name)
    {
        foreach (var tile in new (int, int)?[] { null, s_tile })
        {
            // Old-style JPEG is stored as YCbCr colours.
            var tiff = s_colour with { Compression = compression, Photometric = compression == 6 ? 6 : 2, Tile = tile };
            Refusal(tiff.Encode(Motif.Pixels(Width, Height, 3)))
                .Should().Be($"{NotRead}this build of libvips does not decode its compression, {name}");
        }
    }

    [Theory]
    [InlineData("12", 1, 1, "its samples are numbers of 12 bits")]
    [InlineData("32", 1, 1, "its samples are numbers of 32 bits")]
    [InlineData("8", 1, 2, "its samples are signed numbers of 8 bits")]
    [InlineData("32", 1, 2, "its samples are signed numbers of 32 bits")]
    [InlineData("16", 1, 3, "its samples are floating-point numbers of 16 bits")]
    [InlineData("32", 1, 3, "its samples are floating-point numbers of 32 bits")]
    [InlineData("64", 1, 3, "its samples are floating-point numbers of 64 bits")]
    [InlineData("64", 1, 6, "its samples are complex numbers of 64 bits")]
    [InlineData("8 8 8", 8, 1, "its colours are CIELab")]
    [InlineData("16 16 16", 8, 1, "its colours are CIELab")]
    [InlineData("8 8 8", 9, 1, "its colours are CIELab")]
    [InlineData("4 4 4", 2, 1, "it has 3 samples of 4 bits for each pixel")]
    [InlineData("5 6 5", 2, 1, "its samples have different numbers of bits, 5 and 6")]
    public void A_sound_file_of_a_kind_that_is_not_read_is_called_that(string bits, int photometric, int format, string reason)
    {
        int[] depths = [.. bits.Split(' ').Select(depth => int.Parse(depth, System.Globalization.CultureInfo.InvariantCulture))];
        foreach (var tile in new (int, int)?[] { null, s_tile })
        {
            var tiff = s_grey with { Bits = depths, Photometric = photometric, Tile = tile, Extra = [(339, [format])] };
            var rows = new byte[((Width * depths.Sum()) + 7) / 8 * Height];
            Refusal(tiff.Encode(rows)).Should().Be(NotRead + reason);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Jpeg_data_are_read_and_refused_where_they_break_off(bool isTiled)
    {
        var jpeg = PillowPicture.Jpeg.FileBytes;
        const int width = PillowPicture.Width, height = PillowPicture.Height;
        var tiff = new TestTiff(width, height * 2)
        {
            Bits = [8, 8, 8], Photometric = 6, Compression = 7, Extra = [(530, [1, 1])], RowsPerStrip = height,
            Tile = isTiled ? (width, height) : null,
        };
        byte[] pixels = PillowPicture.Jpeg.Pixels(3);
        Decode(tiff.EncodeParts([jpeg, jpeg]), 3).Should().Equal([.. pixels, .. pixels]);
        var refusal = $"{Damaged}the JPEG data of {(isTiled ? "tile" : "strip")} 1 break off)";
        for (var cut = 2; cut < 40; cut += 4) Refusal(tiff.EncodeParts([jpeg, jpeg[..^cut]])).Should().Be(refusal);
    }

    private byte[] Decode(byte[] file, int channels)
    {
        using var image = ImageDecoder.Open(_folder.Write("a.tif", file), channels);
        return image.Rows(0, image.Height).ToArray();
    }

    private string Refusal(byte[] file)
    {
        var open = () => ImageDecoder.Open(_folder.Write("a.tif", file), 3);
        return open.Should().Throw<ImageDecodingException>().Which.Reason;
    }
}
