using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class GifTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The file is Pillow's, with 16 colours, in interlaced rows, and so are the hashes of convert("RGB") and convert("L").
    [Fact]
    public void Pixels_are_those_that_Pillow_reads()
    {
        var file = Convert.FromBase64String(
            """
            R0lGODlhGAASAIMAAKH2S5HmO37TKG7DGE+k+TqP5C6D2PpPpOtAldwxhssgdR5zyAtgtbkOYwAAAAAAACH5BAEAAAMALAAAAAAYABIAQAj/ABkwWFBgQIMD
            Bgs0IIAAwAADDBAkSICAQQEBBQMoYDBAgUKGAQgsQKCgQQMFFQkESGBRgAIDABYAKNDwIYMDBwYWPNhRAUsDBhkIQDCAAQACDBI0CCBAQIAGLAcQEHCQQAOZ
            BhQ8JAkgQAAAUBkQAGCxIFWxVwFkHTByaVMBYA8UoCh2ZYGYDWg6hHgAQU6gACruROhR64EGAwrcxMkAMIICBxYEHUDUKFKlXb+iBPpyoAGVChYMpSxggYIA
            iQ0sIDhA4wC4G8cKPRAga8gFiyNfXPi6wWOyAhgE0Cu1gAEDGUPDlhsAYWXEBg4kUEA9pYAErKs2MLAQwW3p1BMcRwDaYOBU5UQRCDCQwCGBAvCnBi7gVcEB
            2QJos0cNUWDj1gkYgBoAATaX33AINCDAe/ENQKABQ/kGIVEJFAVdUuFFNhYCVgUEADs=
            """);
        Motif.Hash(Decode(file, 3)).Should().Be("7d1bd3d719a39992");
        Motif.Hash(Decode(file, 1)).Should().Be("b28912928042262b");
    }

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(7, 5, 2)]
    [InlineData(7, 5, 4)]
    [InlineData(40, 36, 16)]
    [InlineData(131, 97, 200)]
    [InlineData(300, 200, 256)]
    public void Palettes_of_every_size_are_read(int width, int height, int colours)
    {
        var indices = Noise(width * height, colours);
        foreach (var isInterlaced in new[] { false, true })
            foreach (var hasLocalPalette in new[] { false, true })
            {
                var gif = new TestGif(width, height, Noise(colours * 3, 256))
                {
                    IsInterlaced = isInterlaced, HasLocalPalette = hasLocalPalette,
                };
                Decode(gif.Encode(indices), 3).Should().Equal(indices.SelectMany(i => gif.Palette.Skip(i * 3).Take(3)));
            }
    }

    // Pillow drops the transparency, but fills the screen around the picture with the transparent entry, or else the first.
    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void A_transparent_entry_keeps_its_colour_and_fills_the_rest_of_the_screen(int? transparent)
    {
        byte[] palette = [1, 2, 3, 40, 50, 60, 70, 80, 90, 100, 110, 120];
        var gif = new TestGif(2, 1, palette) { Screen = (4, 2), Place = (1, 1), Transparent = transparent };
        var around = palette.Skip((transparent ?? 0) * 3).Take(3).ToArray();
        Decode(gif.Encode([2, 3]), 3).Should().Equal(
            [.. around, .. around, .. around, .. around, .. around, 70, 80, 90, 100, 110, 120, .. around]);
    }

    [Fact]
    public void A_picture_beyond_the_screen_makes_it_larger()
    {
        byte[] palette = [1, 2, 3, 40, 50, 60, 70, 80, 90, 100, 110, 120];
        var gif = new TestGif(2, 1, palette) { Screen = (1, 1), Place = (1, 1) };
        Decode(gif.Encode([2, 3]), 3).Should().Equal(1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 70, 80, 90, 100, 110, 120);
    }

    [Fact]
    public void Indices_without_a_palette_are_grey() =>
        Decode(new TestGif(4, 1, []).Encode([0, 1, 2, 3]), 1).Should().Equal(0, 1, 2, 3);

    [Fact]
    public void A_file_that_ends_anywhere_in_its_picture_is_refused()
    {
        var whole = new TestGif(20, 10, Noise(48, 256)).Encode(Noise(200, 16));
        // The terminators of data and file are not needed.
        for (var length = 6; length < whole.Length - 6; length++)
            Refusal("a.gif", whole[..length]).Should().Be("the file is damaged or truncated (its end is missing)");
    }

    [Theory]
    [InlineData("too few pixels", "its pixels end early")]
    [InlineData("invalid code", "its pixels have an invalid code")]
    [InlineData("no picture", "it has no picture")]
    [InlineData("one bit", "its colours have 1 bits")]
    public void Damage_is_named(string damage, string reason)
    {
        var gif = new TestGif(4, 4, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        var file = gif.Encode(new byte[16]);
        var start = Array.IndexOf(file, (byte)0x2C, 13 + 12 + 6);
        switch (damage)
        {
            case "too few pixels": file[start + 5] = 200; break;
            // Clear, then a string that is not in the table.
            case "invalid code": file[start + 12] = 0b111_100; break;
            case "no picture": file[start] = 0x3B; break;
            default: file[start + 10] = 1; break;
        }
        Refusal("a.gif", file).Should().Be($"the file is damaged or truncated ({reason})");
    }

    [Fact]
    public void A_picture_that_is_too_large_is_refused()
    {
        var file = new TestGif(4, 4, [1, 2, 3, 4, 5, 6]) { Screen = (65535, 65535) }.Encode(new byte[16]);
        Refusal("a.gif", file).Should().Be("it has 65535 x 65535 pixels and 178,956,970 are the most that is read");
    }

    private byte[] Decode(byte[] file, int channels)
    {
        using var image = ImageDecoder.Open(_folder.Write("a.GIF", file), channels);
        return image.Rows(0, image.Height).ToArray();
    }

    private string Refusal(string name, byte[] file)
    {
        var open = () => ImageDecoder.Open(_folder.Write(name, file), 3);
        return open.Should().Throw<ImageDecodingException>().Which.Reason;
    }

    private static byte[] Noise(int count, int limit)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(limit))];
    }
}
