using System.Runtime.Intrinsics.X86;
using ResNet.Imaging.Resampling;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class ResamplerTests
{
    // Pillow 9.4: image.crop(...).resize((scaledWidth, scaledHeight), BILINEAR or BICUBIC).crop(window), and the bicubic one mirrored by
    // transpose(FLIP_LEFT_RIGHT). Rectangles are left, top, width, height.
    [Theory]
    [InlineData(61, 47, 3, new[] { 0, 0, 61, 47 }, 32, 32, new[] { 0, 0, 32, 32 },
        "7091a84d45bc85db", "e5a9b55e71bed800", "f434583ee826fe47")]
    [InlineData(61, 47, 3, new[] { 5, 7, 40, 31 }, 64, 64, new[] { 0, 0, 64, 64 },
        "30de49d52eafe62c", "ac0cdd429791058a", "bb01537be25a20cf")]
    [InlineData(61, 47, 3, new[] { 5, 7, 40, 31 }, 97, 13, new[] { 11, 2, 50, 9 },
        "ae3a9e446f29f8d8", "acdea320319659cb", "48886a89af06a5ca")]
    [InlineData(61, 47, 1, new[] { 3, 2, 50, 40 }, 97, 11, new[] { 0, 0, 97, 11 },
        "284a9f69812da8af", "610d396995569ad5", "1dc3bfeb04975dbc")]
    [InlineData(61, 47, 1, new[] { 3, 2, 7, 40 }, 90, 80, new[] { 40, 31, 17, 41 },
        "6e701f395070249a", "fa466e16d9744893", "bea856f1244a336a")]
    [InlineData(61, 47, 3, new[] { 0, 0, 61, 47 }, 30, 47, new[] { 0, 0, 30, 47 },
        "1b810d30afe898bc", "33776a565737805f", "70e698a58566eb51")]
    [InlineData(61, 47, 3, new[] { 0, 0, 61, 47 }, 61, 20, new[] { 1, 1, 60, 18 },
        "d0fb8c1177914bf1", "d80f4c3ec65e20c9", "dd0bc0b70361da21")]
    [InlineData(61, 47, 1, new[] { 0, 0, 61, 47 }, 61, 90, new[] { 0, 0, 61, 90 },
        "34709b77a1f0c6b2", "b1c65d8bc8a9aa9a", "7ce96df63dbc0fac")]
    [InlineData(300, 200, 3, new[] { 10, 20, 251, 177 }, 224, 224, new[] { 0, 0, 224, 224 },
        "55097985b5d5fd89", "cddc6ae2b1147ad7", "294fc07809085928")]
    [InlineData(300, 200, 3, new[] { 0, 0, 300, 200 }, 384, 256, new[] { 80, 16, 224, 224 },
        "454ab8ab147b3810", "94d9849c47e80808", "21701b523c0f08ee")]
    [InlineData(300, 200, 1, new[] { 0, 0, 300, 200 }, 7, 5, new[] { 0, 0, 7, 5 },
        "0e3234af03db0287", "53c8d8385c526cf8", "069faa54f8094da8")]
    [InlineData(1, 1, 3, new[] { 0, 0, 1, 1 }, 5, 4, new[] { 0, 0, 5, 4 },
        "6e7e891ba7ea5db2", "6e7e891ba7ea5db2", "6e7e891ba7ea5db2")]
    [InlineData(400, 3, 1, new[] { 0, 0, 400, 3 }, 1, 1, new[] { 0, 0, 1, 1 },
        "591b7cc95037822d", "a5ab782c805e8bfb", "a5ab782c805e8bfb")]
    [InlineData(3, 400, 3, new[] { 1, 0, 2, 399 }, 33, 2, new[] { 30, 1, 3, 1 },
        "6c01fd026abb3c0e", "ad8c9945589a3aec", "ad8c9945589a3aec")]
    [InlineData(32, 32, 3, new[] { 2, 5, 28, 26 }, 32, 32, new[] { 0, 0, 32, 32 },
        "22544aae8ba2ca0d", "4c7e5f45d88bb74f", "d451fbc20a5f04a2")]
    public void Results_are_Pillows_with_all_instructions(
        int width, int height, int channels, int[] crop, int scaledWidth, int scaledHeight, int[] window,
        string bilinear, string bicubic, string mirrored)
    {
        var picture = new Picture(Motif.Pixels(width, height, channels), width, height, channels);
        var size = (scaledWidth, scaledHeight);
        foreach (var resampler in Resamplers())
        {
            Hash(ImageInterpolation.Bilinear, flip: false).Should().Be(bilinear);
            Hash(ImageInterpolation.Bicubic, flip: false).Should().Be(bicubic);
            Hash(ImageInterpolation.Bicubic, flip: true).Should().Be(mirrored);

            string Hash(ImageInterpolation interpolation, bool flip) =>
                Motif.Hash(Resample(resampler, picture, Rectangle(crop), size, Rectangle(window), interpolation, flip));
        }
    }

    [Fact]
    public void All_instructions_give_the_same_bytes_whatever_the_sizes()
    {
        var random = new Random(5);
        Resampler[] resamplers = [.. Resamplers()];
        for (var i = 0; i < 1500; i++)
        {
            var (picture, crop, size, window, interpolation) = Draw(random);
            var flip = random.Next(2) == 1;
            var expected = Slowly(picture, crop, size, window, interpolation, flip);
            foreach (var resampler in resamplers)
                Resample(resampler, picture, crop, size, window, interpolation, flip).AsSpan().SequenceEqual(expected).Should().BeTrue(
                    "{0} of {1} x {2} x {3} to {4}, {5} of it, {6}, flip {7}, should be the same (draw {8})",
                    crop, picture.Width, picture.Height, picture.Channels, size, window, interpolation, flip, i);
        }
    }

    [Fact]
    public void Only_the_needed_part_affects_the_result()
    {
        var random = new Random(6);
        Resampler[] resamplers = [.. Resamplers()];
        for (var i = 0; i < 500; i++)
        {
            var (picture, crop, size, window, interpolation) = Draw(random);
            var needed = Resampler.Needed(crop, size.Width, size.Height, window, interpolation);
            crop.Contains(needed).Should().BeTrue();
            // Its memory ends with its last pixel.
            var part = picture.Cut(needed);
            foreach (var resampler in resamplers)
            {
                var whole = Resample(resampler, picture, crop, size, window, interpolation, flip: false);
                var result = new byte[whole.Length];
                resampler.Resample(
                    new PixelView(part, needed.Width * picture.Channels, picture.Channels, needed),
                    crop, size.Width, size.Height, window, interpolation, flip: false, result);
                result.Should().Equal(whole);
            }
        }
    }

    [Fact]
    public void The_needed_part_is_as_small_as_the_kernel()
    {
        var crop = new Area(100, 50, 400, 300);
        Needed(new Area(0, 0, 200, 150), ImageInterpolation.Bilinear).Should().Be(crop);
        // The kernel reaches two pixels of the source to each side of the centre, bicubic four.
        Needed(new Area(50, 60, 1, 1), ImageInterpolation.Bilinear).Should().Be(new Area(199, 169, 4, 4));
        Needed(new Area(50, 60, 1, 1), ImageInterpolation.Bicubic).Should().Be(new Area(197, 167, 8, 8));
        Resampler.Needed(crop, 400, 150, new Area(7, 60, 2, 1), ImageInterpolation.Bilinear).Should().Be(new Area(107, 169, 2, 4));

        Area Needed(Area window, ImageInterpolation interpolation) => Resampler.Needed(crop, 200, 150, window, interpolation);
    }

    [Fact]
    public void A_filter_that_was_made_for_another_size_is_not_used_again()
    {
        var picture = new Picture(Motif.Pixels(40, 30, 3), 40, 30, 3);
        var grey = new Picture(Motif.Pixels(40, 30, 1), 40, 30, 1);
        (Picture Of, bool Flip, int Width)[] sequence =
            [(picture, false, 20), (picture, true, 20), (grey, true, 20), (grey, true, 21), (picture, true, 21), (picture, false, 20)];
        foreach (var resampler in Resamplers())
            foreach (var (of, flip, width) in sequence)
            {
                var all = new Area(0, 0, width, 15);
                Resample(resampler, of, of.All, (width, 15), all, ImageInterpolation.Bilinear, flip)
                    .Should().Equal(Slowly(of, of.All, (width, 15), all, ImageInterpolation.Bilinear, flip));
            }
    }

    [Fact]
    public void A_warm_resampler_allocates_nothing()
    {
        var pixels = Motif.Pixels(90, 70, 3);
        var result = new byte[48 * 40 * 3];
        foreach (var resampler in Resamplers())
        {
            Run(resampler);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Run(resampler);
            GC.GetAllocatedBytesForCurrentThread().Should().Be(before);
        }

        void Run(Resampler resampler)
        {
            for (var size = 60; size < 90; size++)
                resampler.Resample(
                    new PixelView(pixels, 90 * 3, 3, new Area(0, 0, 90, 70)), new Area(0, 0, size, size - 20),
                    48, 40, new Area(0, 0, 48, 40), ImageInterpolation.Bicubic, flip: size % 2 == 0, result);
        }
    }

    [Fact]
    public void Requests_that_cannot_be_met_are_refused()
    {
        var all = new Area(0, 0, 8, 6);
        var half = new Area(0, 0, 4, 3);
        Refuse<ArgumentOutOfRangeException>(all, half, half, ImageInterpolation.Nearest, 36).Should().Contain("bilinearly or bicubically");
        Refuse<ArgumentOutOfRangeException>(new Area(0, 0, 0, 6), half, half, ImageInterpolation.Bilinear, 36).Should().Contain("crop");
        Refuse<ArgumentOutOfRangeException>(all, half, new Area(1, 0, 4, 3), ImageInterpolation.Bilinear, 36).Should().Contain("window");
        Refuse<ArgumentOutOfRangeException>(all, half, new Area(0, 0, 0, 3), ImageInterpolation.Bilinear, 36).Should().Contain("window");
        Refuse<ArgumentException>(all, half, half, ImageInterpolation.Bilinear, 35).Should().Contain("35 bytes where 3 x 4 x 3");
        Refuse<ArgumentException>(new Area(1, 0, 8, 6), half, half, ImageInterpolation.Bilinear, 36).Should().Contain("source");

        static string Refuse<T>(Area crop, Area scaled, Area window, ImageInterpolation interpolation, int length)
            where T : ArgumentException
        {
            var resample = () => new Resampler().Resample(
                new PixelView(new byte[8 * 6 * 3], 8 * 3, 3, new Area(0, 0, 8, 6)),
                crop, scaled.Width, scaled.Height, window, interpolation, flip: false, new byte[length]);
            return resample.Should().Throw<T>().Which.Message;
        }
    }

    private static IEnumerable<Resampler> Resamplers()
    {
        yield return new Resampler(new PortableKernels());
        if (Avx2.IsSupported)
            yield return new Resampler(new Avx2Kernels());
    }

    private static (Picture Picture, Area Crop, (int Width, int Height) Size, Area Window, ImageInterpolation Interpolation)
        Draw(Random random)
    {
        var (width, height, channels) = (random.Next(1, 90), random.Next(1, 90), random.Next(2) == 0 ? 1 : 3);
        var pixels = new byte[width * height * channels];
        random.NextBytes(pixels);
        // Rows of black and white take the bicubic kernel below 0 and above 255.
        if (random.Next(2) == 0)
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)(pixels[i] < 128 ? 0 : 255);
        var crop = Inside(width, height);
        // Now and then one side or both stay as they are.
        var size = (random.Next(4) == 0 ? crop.Width : random.Next(1, 100), random.Next(4) == 0 ? crop.Height : random.Next(1, 100));
        var window = Inside(size.Item1, size.Item2);
        var interpolation = random.Next(2) == 0 ? ImageInterpolation.Bilinear : ImageInterpolation.Bicubic;
        return (new Picture(pixels, width, height, channels), crop, size, window, interpolation);

        Area Inside(int limitX, int limitY)
        {
            var (w, h) = (random.Next(1, limitX + 1), random.Next(1, limitY + 1));
            return new Area(random.Next(limitX - w + 1), random.Next(limitY - h + 1), w, h);
        }
    }

    private static byte[] Resample(
        Resampler resampler, Picture picture, Area crop, (int Width, int Height) size, Area window,
        ImageInterpolation interpolation, bool flip)
    {
        // The guard shows whether the resampler writes beyond its destination.
        var guarded = Enumerable.Repeat((byte)0xA5, (window.Width * window.Height * picture.Channels) + 64).ToArray();
        var destination = guarded.AsSpan(32, guarded.Length - 64);
        resampler.Resample(picture.View, crop, size.Width, size.Height, window, interpolation, flip, destination);
        guarded.AsSpan(0, 32).ContainsAnyExcept((byte)0xA5).Should().BeFalse();
        guarded.AsSpan(guarded.Length - 32).ContainsAnyExcept((byte)0xA5).Should().BeFalse();
        return guarded[32..^32];
    }

    // One weighted sum after the other for the whole crop, and the window cut out at the end.
    private static byte[] Slowly(
        Picture picture, Area crop, (int Width, int Height) size, Area window, ImageInterpolation interpolation, bool flip)
    {
        var channels = picture.Channels;
        var narrowed = ResizeAndTranspose(picture.Cut(crop), crop.Height, crop.Width, size.Width, channels, interpolation);
        var resized = ResizeAndTranspose(narrowed, size.Width, crop.Height, size.Height, channels, interpolation);
        var lines = new Picture(resized, size.Width, size.Height, channels).Cut(window).Chunk(window.Width * channels);
        return [.. lines.SelectMany(line => flip ? line.Chunk(channels).Reverse().SelectMany(pixel => pixel) : line)];
    }

    private static byte[] ResizeAndTranspose(
        byte[] pixels, int lines, int length, int scaled, int channels, ImageInterpolation interpolation)
    {
        var filter = new ResamplingFilter();
        filter.Make(length, scaled, 0, scaled, interpolation, mirrored: false);
        var result = new byte[scaled * lines * channels];
        for (var i = 0; i < result.Length; i++)
        {
            var (x, line, channel) = (i / channels / lines, i / channels % lines, i % channels);
            var sum = ResamplingFilter.Half;
            for (var tap = 0; tap < filter.Taps && filter.First[x] + tap < length; tap++)
                sum += filter.Weights[(x * filter.Taps) + tap] * pixels[(((line * length) + filter.First[x] + tap) * channels) + channel];
            result[i] = (byte)Math.Clamp(sum >> ResamplingFilter.PrecisionBits, 0, 255);
        }
        return result;
    }

    private static Area Rectangle(int[] sides) => new(sides[0], sides[1], sides[2], sides[3]);

    private sealed record Picture(byte[] Pixels, int Width, int Height, int Channels)
    {
        public Area All => new(0, 0, Width, Height);

        public PixelView View => new(Pixels, Width * Channels, Channels, All);

        public byte[] Cut(Area part)
        {
            var cut = new List<byte>();
            for (var y = part.Top; y < part.Bottom; y++)
                cut.AddRange(View.Row(part.Left, y, part.Width));
            return [.. cut];
        }
    }
}
