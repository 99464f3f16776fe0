using ResNet.Imaging.Transforms;
using ResNet.Testing;
using static ResNet.Testing.TestPng.Colours;

namespace ResNet.Imaging.Tests;

public sealed class ImageDecoderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(nameof(PillowPicture.Jpeg))]
    [InlineData(nameof(PillowPicture.GreyJpeg))]
    [InlineData(nameof(PillowPicture.CmykJpeg))]
    [InlineData(nameof(PillowPicture.RotatedJpeg))]
    [InlineData(nameof(PillowPicture.WebPWithAlpha))]
    [InlineData(nameof(PillowPicture.Tiff))]
    [InlineData(nameof(PillowPicture.PalettePng))]
    [InlineData(nameof(PillowPicture.BlackAndWhitePng))]
    public void Pixels_are_those_that_Pillow_reads(string name)
    {
        var picture = PillowPicture.Named(name);
        foreach (var channels in new[] { 1, 3 })
        {
            using var image = ImageDecoder.Open(folder.Write(name, picture.FileBytes), channels);
            (image.Width, image.Height, image.Channels).Should().Be((PillowPicture.Width, PillowPicture.Height, channels));
            Pixels(image).Should().Equal(picture.Pixels(channels));
        }
    }

    public static TheoryData<int, int, int> ColoursFiltersAndChunks()
    {
        var data = new TheoryData<int, int, int>();
        foreach (var colour in new[] { Grey, Rgb, GreyAlpha, RgbAlpha })
            for (var filter = 0; filter <= 4; filter++)
                // Pixels in one chunk are decoded here, in two by libvips.
                foreach (var chunks in new[] { 1, 2 })
                    data.Add((int)colour, filter, chunks);
        return data;
    }

    [Theory]
    [MemberData(nameof(ColoursFiltersAndChunks))]
    public void Every_png_filter_is_undone_and_alpha_is_dropped(int colour, int filter, int chunks)
    {
        const int width = 13;
        const int height = 9;
        var png = new TestPng(width, height, (TestPng.Colours)colour) { Filter = filter, DataChunks = chunks };
        var bands = png.Colour switch { Grey => 1, GreyAlpha => 2, Rgb => 3, _ => 4 };
        var samples = RandomBytes(width * height * bands);
        var channels = bands < 3 ? 1 : 3;
        var expected = samples.Chunk(bands).SelectMany(pixel => pixel.Take(channels));

        Decode(png.Encode(samples), channels).Should().Equal(expected);
    }

    [Fact]
    public void Grey_fills_all_three_channels()
    {
        var samples = RandomBytes(5 * 4);
        Decode(new TestPng(5, 4, Grey).Encode(samples), 3).Should().Equal(samples.SelectMany(grey => new[] { grey, grey, grey }));
    }

    [Fact]
    public void Colour_becomes_the_ITU_601_luma()
    {
        // Image.fromarray(...).convert("L") of Pillow: the primaries, white, and two colours that round up and down.
        byte[] colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 250, 10, 20, 90, 10, 170];
        var expected = new byte[] { 76, 150, 29, 255, 83, 52 };
        Decode(new TestPng(6, 1, Rgb).Encode(colours), 1).Should().Equal(expected);
        Motif.Hash(Decode(new TestPng(61, 47, Rgb).Encode(Motif.Pixels(61, 47, 3)), 1)).Should().Be("e55aa8dd61726646");
    }

    [Fact]
    public void Sixteen_bits_of_colours_keep_their_upper_half()
    {
        var samples = RandomBytes(7 * 5 * 3 * 2);
        Decode(new TestPng(7, 5, Rgb, BitDepth: 16).Encode(samples), 3).Should().Equal(samples.Where((_, i) => i % 2 == 0));

        samples = RandomBytes(7 * 5 * 2 * 2);
        Decode(new TestPng(7, 5, GreyAlpha, BitDepth: 16).Encode(samples), 1).Should().Equal(samples.Where((_, i) => i % 4 == 0));
    }

    // Pillow clips its mode I when it converts it; torchvision reads these files that way.
    [Fact]
    public void Sixteen_bit_grey_above_255_is_white()
    {
        byte[] samples = [0, 0, 0, 1, 0, 254, 0, 255, 1, 0, 2, 17, 255, 255];
        byte[] expected = [0, 1, 254, 255, 255, 255, 255];
        var png = new TestPng(7, 1, Grey, BitDepth: 16);
        Decode(png.Encode(samples), 1).Should().Equal(expected);
        Decode((png with { Extra = [("tRNS", [0, 254])] }).Encode(samples), 1).Should().Equal(expected);
        Decode(png.Encode(samples), 3).Should().Equal(expected.SelectMany(grey => new[] { grey, grey, grey }));
    }

    [Fact]
    public void A_palette_gives_its_colours_and_a_transparent_entry_changes_none()
    {
        byte[] palette = [10, 20, 30, 200, 100, 50, 7, 8, 9];
        var png = new TestPng(4, 1, Palette) { Extra = [("PLTE", palette), ("tRNS", [0, 128, 255])] };
        Decode(png.Encode([2, 0, 1, 1]), 3).Should().Equal(7, 8, 9, 10, 20, 30, 200, 100, 50, 200, 100, 50);
    }

    [Fact]
    public void A_transparent_colour_changes_no_pixel()
    {
        var png = new TestPng(3, 1, Grey) { Extra = [("tRNS", [0, 128])] };
        Decode(png.Encode([1, 128, 255]), 1).Should().Equal(1, 128, 255);
        Decode((png with { DataChunks = 2 }).Encode([1, 128, 255]), 1).Should().Equal(1, 128, 255);
    }

    [Fact]
    public void An_interlaced_png_is_read()
    {
        // Of two pixels the first is in Adam7's first pass and the second in its sixth.
        var png = new TestPng(2, 1, Grey) { Interlaced = true };
        Decode(png.EncodeLines([0, 77, 0, 99]), 1).Should().Equal(77, 99);
    }

    [Fact]
    public void Two_bit_grey_spans_the_whole_range()
    {
        Decode(new TestPng(4, 1, Grey, BitDepth: 2).Encode([0b00_01_10_11]), 1).Should().Equal(0, 85, 170, 255);
    }

    [Fact]
    public void The_content_decides_what_a_file_is_and_not_its_name()
    {
        var path = folder.Write("a.png", PillowPicture.Jpeg.FileBytes);
        using var image = ImageDecoder.Open(path, 3);
        Pixels(image).Should().Equal(PillowPicture.Jpeg.Pixels(3));
    }

    [Theory]
    [InlineData("small.png")]
    [InlineData("chunks.png")]
    [InlineData("large.png")]
    [InlineData("a.jpg")]
    [InlineData("a.webp")]
    [InlineData("a.tif")]
    public void A_file_that_is_cut_off_anywhere_in_its_pixels_is_refused_with_its_path(string name)
    {
        var whole = name switch
        {
            "small.png" => new TestPng(28, 28, Grey).Encode(RandomBytes(28 * 28)),
            "chunks.png" => new TestPng(28, 28, Rgb) { DataChunks = 3 }.Encode(RandomBytes(28 * 28 * 3)),
            "large.png" => new TestPng(200, 150, Rgb).Encode(RandomBytes(200 * 150 * 3)),
            "a.jpg" => PillowPicture.Jpeg.FileBytes,
            "a.webp" => PillowPicture.WebPWithAlpha.FileBytes,
            _ => PillowPicture.Tiff.FileBytes,
        };
        foreach (var part in new[] { 0.1, 0.4, 0.7, 0.9 })
        {
            var path = folder.Write($"{part}-{name}", whole[..(int)(whole.Length * part)]);
            Refusal(path).Should().StartWith($"Cannot read the image '{path}': the file is damaged or truncated (").And.EndWith(").");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_png_with_a_flipped_bit_is_refused(int chunks)
    {
        var png = new TestPng(28, 28, Grey) { DataChunks = chunks }.Encode(RandomBytes(28 * 28));
        png[png.Length / 2] ^= 4;
        var path = folder.Write("a.png", png);
        Refusal(path).Should().StartWith($"Cannot read the image '{path}': the file is damaged or truncated (");
    }

    [Fact]
    public void A_file_that_is_no_image_is_refused_with_its_path_and_the_reason()
    {
        Refusal(folder.Write("empty.png", [])).Should().EndWith("empty.png': the file is empty.");
        const string noImage = "it is not a JPEG, PNG, GIF, WebP, TIFF, BMP, PPM, PGM or PBM image";
        Refusal(folder.Write("random.jpg", RandomBytes(1000))).Should().EndWith($"random.jpg': {noImage}.");
        Refusal(folder.Write("text.webp", "RIFF says a file"u8.ToArray())).Should().EndWith($"text.webp': {noImage}.");
        Refusal(folder.Write("short", [0xFF])).Should().EndWith($"short': {noImage}.");
        Refusal(folder.Write("signature.png", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]))
            .Should().Contain("signature.png': the file is damaged or truncated (");
        Refusal(Path.Join(folder.Path, "missing.png")).Should().EndWith("missing.png': there is no such file.");
        Refusal(Path.Join(folder.Path, "nowhere", "missing.png")).Should().EndWith("missing.png': there is no such file.");
        Refusal(folder.Path).Should().EndWith("it is a folder.");
    }

    [Fact]
    public void The_exception_carries_the_path()
    {
        var path = Path.Join(folder.Path, "missing.png");
        var open = () => ImageDecoder.Open(path, 1);
        open.Should().Throw<ImageDecodingException>().Which.Path.Should().Be(path);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void Other_numbers_of_channels_than_one_and_three_are_refused(int channels)
    {
        var open = () => ImageDecoder.Open("a.png", channels);
        open.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*1 channel*3 (RGB)*");
    }

    [Fact]
    public void Many_threads_can_decode_at_once()
    {
        string[] paths =
        [
            folder.Write("a.jpg", PillowPicture.Jpeg.FileBytes),
            folder.Write("b.png", PillowPicture.PalettePng.FileBytes),
            folder.Write("c.webp", PillowPicture.WebPWithAlpha.FileBytes),
            folder.Write("cut.jpg", PillowPicture.Jpeg.FileBytes[..400]),
        ];
        byte[][] expected = [PillowPicture.Jpeg.Pixels(3), PillowPicture.PalettePng.Pixels(3), PillowPicture.WebPWithAlpha.Pixels(3)];
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            if (i % 4 == 3)
            {
                Refusal(paths[3]).Should().Contain("cut.jpg");
                return;
            }
            using var image = ImageDecoder.Open(paths[i % 4], 3);
            Pixels(image).Should().Equal(expected[i % 4]);
        });
    }

    [Fact]
    public void A_crop_of_its_own_size_is_a_copy()
    {
        using var image = Open(9, 7, 3);
        var motif = Motif.Pixels(9, 7, 3);
        var crop = new byte[4 * 3 * 3];
        image.CropResizeInto(2, 3, 4, 3, 4, 3, flipHorizontally: false, crop);
        var expected = Enumerable.Range(3, 3).SelectMany(row => motif.Skip(((row * 9) + 2) * 3).Take(4 * 3));
        crop.Should().Equal(expected);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 4)]
    [InlineData(3, 4)]
    [InlineData(3, 5)]
    public void A_flip_mirrors_every_line(int channels, int width)
    {
        using var image = Open(width, 3, channels);
        var flipped = new byte[width * 3 * channels];
        image.CropResizeInto(0, 0, width, 3, width, 3, flipHorizontally: true, flipped);
        var expected = Motif.Pixels(width, 3, channels)
            .Chunk(width * channels)
            .SelectMany(line => line.Chunk(channels).Reverse().SelectMany(pixel => pixel));
        flipped.Should().Equal(expected);
    }

    // Pillow 9.4: image.crop((left, top, left + width, top + height)).resize((targetWidth, targetHeight), Image.BILINEAR).
    [Theory]
    [InlineData(61, 47, 3, 0, 0, 61, 47, 32, 32, "7091a84d45bc85db")]
    [InlineData(61, 47, 3, 0, 0, 61, 47, 30, 47, "1b810d30afe898bc")]
    [InlineData(61, 47, 3, 0, 0, 61, 47, 61, 20, "a72a36c9d8e6a82f")]
    [InlineData(61, 47, 3, 5, 7, 40, 31, 64, 64, "30de49d52eafe62c")]
    [InlineData(61, 47, 3, 60, 46, 1, 1, 3, 2, "078431fe5b89898c")]
    [InlineData(61, 47, 1, 0, 0, 61, 47, 32, 32, "bae62ae17b87d70d")]
    [InlineData(61, 47, 1, 3, 2, 50, 40, 97, 11, "284a9f69812da8af")]
    [InlineData(61, 47, 1, 3, 2, 7, 40, 90, 80, "d1e0727f1fc89c74")]
    [InlineData(300, 200, 3, 10, 20, 251, 177, 224, 224, "55097985b5d5fd89")]
    [InlineData(300, 200, 3, 0, 0, 300, 200, 7, 5, "d43825ab6c121def")]
    [InlineData(28, 28, 1, 2, 3, 22, 24, 28, 28, "b160b338bf821b89")]
    [InlineData(1, 1, 3, 0, 0, 1, 1, 5, 4, "6e7e891ba7ea5db2")]
    [InlineData(400, 3, 1, 0, 0, 400, 3, 1, 1, "591b7cc95037822d")]
    public void Resizing_gives_the_bytes_of_Pillow(
        int imageWidth, int imageHeight, int channels,
        int left, int top, int width, int height,
        int targetWidth, int targetHeight, string hash)
    {
        using var image = Open(imageWidth, imageHeight, channels);
        var result = new byte[targetWidth * targetHeight * channels];
        image.CropResizeInto(left, top, width, height, targetWidth, targetHeight, flipHorizontally: false, result);
        Motif.Hash(result).Should().Be(hash);
    }

    // torchvision 0.14: CenterCrop((targetHeight, targetWidth))(Resize(resizeTo)(image)).
    [Theory]
    [InlineData(61, 47, 3, 32, 32, 32, "f8bad88360d41d27")]
    [InlineData(47, 61, 3, 40, 32, 32, "2111d00383b8dc45")]
    [InlineData(61, 47, 3, 47, 32, 32, "87b6cc22057c14b7")]
    [InlineData(60, 47, 1, 47, 31, 28, "3b15aefc898a50bc")]
    [InlineData(300, 200, 3, 256, 224, 224, "454ab8ab147b3810")]
    [InlineData(200, 301, 3, 64, 57, 63, "c8fa9af9dd136e02")]
    [InlineData(28, 28, 1, 28, 28, 28, "22ea9256edf9d180")]
    [InlineData(28, 28, 1, 32, 28, 28, "13ab20e114e38e84")]
    [InlineData(33, 57, 1, 20, 17, 20, "0726cbca4f9cca19")]
    public void Resize_and_centre_crop_give_the_bytes_of_torchvision(
        int imageWidth, int imageHeight, int channels, int resizeTo, int targetWidth, int targetHeight, string hash)
    {
        using var image = Open(imageWidth, imageHeight, channels);
        var result = new byte[targetWidth * targetHeight * channels];
        new Compose(new Resize(resizeTo), new CenterCrop(new ImageSize(targetHeight, targetWidth))).Apply(image, result);
        Motif.Hash(result).Should().Be(hash);
    }

    [Fact]
    public void An_even_surface_stays_even_at_every_size()
    {
        foreach (var channels in new[] { 1, 3 })
        {
            var even = Enumerable.Repeat((byte)201, 37 * 23 * channels).ToArray();
            var png = new TestPng(37, 23, channels == 1 ? Grey : Rgb).Encode(even);
            using var image = ImageDecoder.Open(folder.Write("even.png", png), channels);
            for (var size = 1; size < 90; size++)
            {
                var (width, height) = (size, 91 - size);
                var result = new byte[width * height * channels];
                image.CropResizeInto(size % 5, size % 3, 31, 19, width, height, flipHorizontally: size % 2 == 0, result);
                result.Should().OnlyContain(value => value == 201);
            }
        }
    }

    [Theory]
    [InlineData(-1, 0, 5, 5, "left")]
    [InlineData(6, 0, 5, 5, "left")]
    [InlineData(0, 4, 5, 5, "top")]
    [InlineData(0, 0, 0, 5, "width")]
    [InlineData(0, 0, 11, 5, "width")]
    [InlineData(0, 0, 5, 9, "height")]
    public void A_crop_that_reaches_beyond_the_image_is_refused(int left, int top, int width, int height, string parameter)
    {
        using var image = Open(10, 8, 1);
        var crop = () => image.CropResizeInto(left, top, width, height, 4, 4, flipHorizontally: false, new byte[16]);
        crop.Should().Throw<ArgumentOutOfRangeException>().WithParameterName(parameter);
    }

    [Fact]
    public void A_destination_of_another_length_is_refused()
    {
        using var image = Open(10, 8, 3);
        var crop = () => image.CropResizeInto(0, 0, 10, 8, 4, 5, flipHorizontally: false, new byte[59]);
        crop.Should().Throw<ArgumentException>().WithMessage("The destination has 59 bytes where 5 x 4 x 3 = 60 are needed.*");
    }

    [Fact]
    public void A_disposed_image_is_not_read_again()
    {
        var image = Open(4, 4, 1);
        image.Dispose();
        image.Dispose();
        var crop = () => image.CropResizeInto(0, 0, 4, 4, 4, 4, flipHorizontally: false, new byte[16]);
        crop.Should().Throw<ObjectDisposedException>();
    }

    private DecodedImage Open(int width, int height, int channels)
    {
        var png = new TestPng(width, height, channels == 1 ? Grey : Rgb).Encode(Motif.Pixels(width, height, channels));
        return ImageDecoder.Open(folder.Write("motif.png", png), channels);
    }

    private byte[] Decode(byte[] file, int channels)
    {
        using var image = ImageDecoder.Open(folder.Write("picture", file), channels);
        return Pixels(image);
    }

    private static string Refusal(string path)
    {
        var open = () => ImageDecoder.Open(path, 3);
        return open.Should().Throw<ImageDecodingException>().Which.Message;
    }

    private static byte[] Pixels(DecodedImage image)
    {
        var pixels = new byte[image.Height * image.Width * image.Channels];
        image.CropResizeInto(0, 0, image.Width, image.Height, image.Width, image.Height, flipHorizontally: false, pixels);
        return pixels;
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
