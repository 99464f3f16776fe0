using System.Security.Cryptography;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Decoding.Jpeg;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class JpegDecoderTests
{
    private readonly JpegDecoder _decoder = new();

    [Theory]
    [InlineData(JpegContents.Photograph, 1)]
    [InlineData(JpegContents.Noise, 2)]
    [InlineData(JpegContents.Flat, 3)]
    [InlineData(JpegContents.Extreme, 4)]
    public void Whole_images_are_those_of_libvips(JpegContents contents, int seed)
    {
        var random = new Random(seed);
        var here = 0;
        for (var i = 0; i < 300; i++)
        {
            var file = RandomJpeg.Draw(random, contents, largest: i % 30 == 0 ? 400 : 70);
            var channels = i % 3 == 0 ? 1 : 3;
            if (Whole(file, channels) is not { } pixels) continue;
            here++;
            Reference(file, channels).AsSpan().SequenceEqual(pixels).Should().BeTrue("file {0} of {1} should be the same", i, contents);
        }
        here.Should().BeGreaterThan(JpegDecoder.IsSupported ? 250 : -1, "few of the files are so narrow that they are left to libvips");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Each_part_is_that_of_the_whole_image(int channels)
    {
        var random = new Random(channels);
        for (var i = 0; i < 400; i++)
        {
            if (!_decoder.TryOpen(RandomJpeg.Draw(random, (JpegContents)(i % 4), largest: i % 40 == 0 ? 500 : 70))) continue;
            _decoder.TryRead(new Area(0, 0, _decoder.Width, _decoder.Height), channels, out var view).Should().BeTrue();
            var whole = Pixels(view);
            for (var part = 0; part < 12; part++)
            {
                var area = Part(random, _decoder.Width, _decoder.Height);
                _decoder.TryRead(area, channels, out view).Should().BeTrue();
                Pixels(view).AsSpan().SequenceEqual(Crop(whole, _decoder.Width, area, channels))
                    .Should().BeTrue("{0} of image {1} should be the same", area, i);
            }
        }
    }

    [Fact]
    public void Files_that_Pillow_wrote_have_the_pixels_that_it_reads()
    {
        foreach (var picture in PillowJpeg.All)
        {
            var file = Convert.FromBase64String(picture.File);
            if (!_decoder.TryOpen(file)) JpegDecoder.IsSupported.Should().BeFalse();
            else (_decoder.Width, _decoder.Height).Should().Be((picture.Width, picture.Height));
            Hash(Whole(file, 3) ?? Reference(file, 3)).Should().Be(picture.Rgb);
            Hash(Whole(file, 1) ?? Reference(file, 1)).Should().Be(picture.Grey);
        }
    }

    // libjpeg's jdcolor.c: 16 bits of fraction, each product of red and blue rounded, the sum of both for green.
    [Fact]
    public unsafe void Every_colour_is_that_of_the_standards_formula()
    {
        if (!JpegDecoder.IsSupported) return;
        byte[] luma = [.. Enumerable.Range(0, 256).Select(y => (byte)y)];
        byte[] blue = new byte[256], red = new byte[256], rgb = new byte[(3 * 256) + YccConverter.Overrun];
        for (var colour = 0; colour < 65_536; colour++)
        {
            Array.Fill(blue, (byte)colour);
            Array.Fill(red, (byte)(colour >> 8));
            fixed (byte* y = luma, cb = blue, cr = red, to = rgb) YccConverter.Convert(y, cb, cr, 256, to);
            var (b, r) = ((colour & 255) - 128, (colour >> 8) - 128);
            var addRed = ((91_881 * r) + 32_768) >> 16;
            var addGreen = ((-22_554 * b) - (46_802 * r) + 32_768) >> 16;
            var addBlue = ((116_130 * b) + 32_768) >> 16;
            var wrong = 0;
            for (var i = 0; i < 256; i++)
            {
                if (rgb[3 * i] != Math.Clamp(i + addRed, 0, 255)
                    || rgb[(3 * i) + 1] != Math.Clamp(i + addGreen, 0, 255)
                    || rgb[(3 * i) + 2] != Math.Clamp(i + addBlue, 0, 255))
                {
                    wrong++;
                }
            }
            wrong.Should().Be(0, "Cb is {0} and Cr is {1}", colour & 255, colour >> 8);
        }
    }

    [Fact]
    public void Metadata_thumbnails_and_bytes_after_the_image_change_nothing()
    {
        byte[] jfif = TestJpeg.Segment(0xE0, [.. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0]), adobe = Adobe(transform: 1);
        var jpeg = new TestJpeg(40, 30, TestJpeg.Sampling.Quarter);
        var plain = Encode(jpeg);
        var expected = Reference(plain, 3);
        byte[] thumbnail = TestJpeg.Segment(0xE1, [.. "Exif\0\0"u8, .. Encode(new TestJpeg(9, 7, TestJpeg.Sampling.Grey))]);
        byte[] comment = TestJpeg.Segment(0xFE, [.. "a comment"u8]);
        byte[][] files =
        [
            Encode(jpeg with { First = adobe }),
            Encode(jpeg with { First = [] }),
            Encode(jpeg with { First = [.. jfif, .. thumbnail, .. adobe] }),
            Encode(jpeg with { First = [.. jfif, .. comment, .. TestJpeg.Segment(0xED, []), .. TestJpeg.Segment(0xEF, new byte[65_533])] }),
            Encode(jpeg with { RestartInterval = 3, FillBytes = 2, OwnSegments = true, Wide = true }),
            Encode(jpeg with { RestartInterval = 6 }),
            Encode(jpeg with { RestartInterval = 60_000 }),
            [.. plain, .. plain],
            [.. plain, 0, 1, 0xFF, 0xD8, 0xFF, 0xDA, 0xFF],
        ];
        foreach (var file in files)
        {
            Reference(file, 3).Should().Equal(expected);
            if (JpegDecoder.IsSupported) Whole(file, 3).Should().Equal(expected);
        }
    }

    [Fact]
    public void Other_colours_and_samplings_are_left_to_libvips()
    {
        var jpeg = new TestJpeg(40, 30, TestJpeg.Sampling.Whole);
        byte[][] files =
        [
            Encode(jpeg with { First = Adobe(transform: 0) }),
            // Too short for a JFIF header, so that the other one counts.
            Encode(jpeg with { First = [.. TestJpeg.Segment(0xE0, [.. "JFIF\0"u8, 1, 1]), .. Adobe(transform: 0)] }),
            Encode(jpeg with { First = [], Ids = [.. "RGB"u8] }),
            Encode(new TestJpeg(4, 30, TestJpeg.Sampling.Quarter)),
            Encode(new TestJpeg(40, 30, TestJpeg.Sampling.Whole) { Factors = 0x12 }),
            Convert.FromBase64String(PillowPicture.CmykJpeg.File),
        ];
        foreach (var file in files) _decoder.TryOpen(file).Should().BeFalse();
    }

    [Fact]
    public void Files_that_libjpeg_refuses_are_not_decoded_here_either()
    {
        var grey = new TestJpeg(16, 16, TestJpeg.Sampling.Grey);
        byte[] sizes = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        byte[][] files =
        [
            Encode(grey with { Factors = 0 }),
            Encode(grey with { Factors = 0x51 }),
            Encode(new TestJpeg(65_501, 1, TestJpeg.Sampling.Grey)),
            // All codes of four bits, one of which consists of ones alone.
            Encode(grey with { Codes = (new TestCode([0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], sizes), TestCode.Even(256)) }),
            // A size of 16 bits, which no first coefficient has.
            Encode(grey with { Codes = (TestCode.Even(17), TestCode.Even(256)) }),
        ];
        foreach (var file in files)
        {
            _decoder.TryOpen(file).Should().BeFalse();
            var decode = () => Reference(file, 1);
            decode.Should().Throw<ImageDecodingException>();
        }
    }

    [Fact]
    public void A_damaged_table_does_no_harm_to_the_next_image()
    {
        var jpeg = new TestJpeg(33, 21, TestJpeg.Sampling.Grey);
        var good = Encode(jpeg);
        var expected = Reference(good, 3);
        var codes = TestCode.Even(256).Definition;
        var at = good.AsSpan().IndexOf(codes);
        for (var i = 0; i < codes.Length; i++)
        {
            var bad = good.ToArray();
            bad[at + i] ^= 0x41;
            Whole(bad, 3);
            if (JpegDecoder.IsSupported) Whole(good, 3).Should().Equal(expected);
        }
    }

    [Fact]
    public void A_small_file_that_claims_to_be_large_is_not_even_begun()
    {
        foreach (var kind in Enum.GetValues<TestJpeg.Sampling>())
        {
            var file = Encode(new TestJpeg(8, 8, kind));
            var size = file.AsSpan().IndexOf<byte>([0xFF, 0xC0]) + 5;
            (file[size], file[size + 1], file[size + 2], file[size + 3]) = (0x0A, 0x80, 0xFF, 0x00);
            var before = GC.GetAllocatedBytesForCurrentThread();
            _decoder.TryOpen(file).Should().BeFalse();
            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1 << 16);
        }
    }

    [Fact]
    public void The_memory_of_a_large_image_is_not_kept()
    {
        byte[] large = [], small = [];
        Memory.Reserve(ref large, 20 << 20);
        Memory.Reserve(ref small, 1 << 20);
        var kept = small;
        Memory.Reserve(ref large, 1 << 20);
        Memory.Reserve(ref small, 1000);
        large.Length.Should().BeInRange(1 << 20, 2 << 20);
        small.Should().BeSameAs(kept);
        Memory.Reserve(ref large, 20 << 20);
        Memory.Trim(ref large);
        Memory.Trim(ref small);
        large.Should().BeEmpty();
        small.Should().BeSameAs(kept);
    }

    // 65500 is the most that libjpeg reads.
    [Theory]
    [InlineData(65_500, 3)]
    [InlineData(2, 65_500)]
    [InlineData(1, 1)]
    [InlineData(3000, 2000)]
    public void The_longest_and_the_smallest_images_are_those_of_libvips(int width, int height)
    {
        if (!JpegDecoder.IsSupported) return;
        foreach (var kind in Enum.GetValues<TestJpeg.Sampling>().Where(kind => width > 4 || kind < TestJpeg.Sampling.HalfWidth))
        {
            var file = Encode(new TestJpeg(width, height, kind));
            Whole(file, 3).AsSpan().SequenceEqual(Reference(file, 3)).Should().BeTrue();
            var corner = new Area(width - 1, height - 1, 1, 1);
            _decoder.TryRead(corner, 3, out var view).Should().BeTrue();
            Pixels(view).Should().Equal(Reference(file, 3)[^3..]);
        }
    }

    private static byte[] Encode(TestJpeg jpeg)
    {
        var random = new Random(7);
        return jpeg.Encode(block =>
        {
            block[0] = (short)random.Next(-30, 31);
            block[random.Next(1, 64)] = (short)random.Next(-9, 10);
        });
    }

    private static byte[] Adobe(byte transform) => TestJpeg.Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]);

    private static string Hash(byte[] pixels) => Convert.ToHexStringLower(SHA256.HashData(pixels));

    private static Area Part(Random random, int width, int height)
    {
        var (left, right) = Range(width);
        var (top, bottom) = Range(height);
        return new Area(left, top, right - left, bottom - top);

        (int From, int To) Range(int length)
        {
            var from = random.Next(3) == 0 ? 0 : random.Next(length);
            return (from, random.Next(3) == 0 ? length : random.Next(from, length) + 1);
        }
    }

    private static byte[] Crop(byte[] whole, int width, Area area, int channels)
    {
        var part = new byte[area.Width * area.Height * channels];
        for (var y = 0; y < area.Height; y++)
        {
            var row = whole.AsSpan((((area.Top + y) * width) + area.Left) * channels, area.Width * channels);
            row.CopyTo(part.AsSpan(y * area.Width * channels));
        }
        return part;
    }

    private byte[]? Whole(byte[] file, int channels) =>
        _decoder.TryOpen(file) && _decoder.TryRead(new Area(0, 0, _decoder.Width, _decoder.Height), channels, out var view)
            ? Pixels(view)
            : null;

    private static byte[] Pixels(PixelView view)
    {
        var (area, stride) = (view.Area, view.Area.Width * view.Channels);
        var pixels = new byte[stride * area.Height];
        for (var y = 0; y < area.Height; y++) view.Row(area.Left, area.Top + y, area.Width).CopyTo(pixels.AsSpan(y * stride));
        return pixels;
    }

    private static byte[] Reference(byte[] file, int channels)
    {
        using var image = ImageFormats.Decode("reference", file, file.Length, channels);
        return image.Rows(0, image.Height).ToArray();
    }
}
