using System.Globalization;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Decoding.Jpeg;
using ResNet.Testing;
using Xunit.Abstractions;

namespace ResNet.Imaging.Tests;

/// <summary>Damaged JPEG files: the decoder either gives the pixels of libvips or leaves the file to it.</summary>
public sealed class DamagedJpegTests(ITestOutputHelper output)
{
    private const long MostGrowth = 48 << 20;

    // The variable is for longer runs.
    private static readonly int s_files =
        int.TryParse(Environment.GetEnvironmentVariable("DAMAGED_JPEGS"), CultureInfo.InvariantCulture, out var files) ? files : 4000;

    [Fact]
    public void Pixels_of_a_damaged_file_are_those_of_libvips()
    {
        var random = new Random(s_files);
        var decoder = new JpegDecoder();
        var (here, refused, memory) = (0, 0, 0L);
        for (var i = 0; i < s_files; i++)
        {
            if (i == s_files / 3) memory = ResidentMemory.Bytes();
            var file = Damage(RandomJpeg.Draw(random, (JpegContents)random.Next(4), largest: 40), random);
            if (!decoder.TryOpen(file)) continue;
            if (!TryRead(decoder, out var pixels))
            {
                refused++;
                continue;
            }
            here++;
            if (!IsReference(file, pixels)) Assert.Fail($"libvips reads other pixels in file {i}: {Convert.ToBase64String(file)}");
        }
        var growth = ResidentMemory.Bytes() - memory;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{here} decoded, {refused} refused in the middle, {growth / 1e6:0} MB"));
        if (!JpegDecoder.IsSupported) return;
        here.Should().BePositive();
        refused.Should().BePositive();
        growth.Should().BeLessThan(MostGrowth);
    }

    [Fact]
    public void A_file_that_ends_early_is_left_to_libvips()
    {
        var file = RandomJpeg.Draw(new Random(5), JpegContents.Photograph);
        var decoder = new JpegDecoder();
        for (var length = 0; length < file.Length; length++) decoder.TryOpen(file.AsSpan(0, length)).Should().BeFalse();
        decoder.TryOpen(file).Should().Be(JpegDecoder.IsSupported);
    }

    // Pillow refuses these markers too; it fills the pixels after other markers with grey.
    [Theory]
    [InlineData(0x02)]
    [InlineData(0xC4)]
    [InlineData(0xD8)]
    [InlineData(0xDA)]
    [InlineData(0xDD)]
    public void Data_that_break_off_at_a_marker_are_refused_with_the_path(byte marker)
    {
        if (!JpegDecoder.IsSupported) return;
        using var folder = new TemporaryFolder();
        var file = RandomJpeg.Draw(new Random(5), JpegContents.Photograph);
        var middle = file.AsSpan().LastIndexOf<byte>([0xFF, 0xDA]) + ((file.Length - file.AsSpan().LastIndexOf<byte>([0xFF, 0xDA])) / 2);
        file[middle] = 0xFF;
        file[middle + 1] = marker;
        var path = folder.Write("cut.jpg", file);
        var open = () => ImageDecoder.Open(path, 3);
        open.Should().Throw<ImageDecodingException>()
            .WithMessage($"Cannot read the image '{path}': the file is damaged (its data break off before the image is whole).");
    }

    [Fact]
    public void Markers_behind_a_whole_image_do_no_harm()
    {
        using var folder = new TemporaryFolder();
        var file = RandomJpeg.Draw(new Random(5), JpegContents.Photograph);
        using var whole = ImageDecoder.Open(folder.Write("whole.jpg", file), 3);
        // A second image in the place of the first one's end.
        byte[] followed = [.. file[..^2], .. file];
        using var other = ImageDecoder.Open(folder.Write("followed.jpg", followed), 3);
        other.Rows(0, other.Height).SequenceEqual(whole.Rows(0, whole.Height)).Should().BeTrue();
    }

    private static bool TryRead(JpegDecoder decoder, out byte[] pixels)
    {
        pixels = [];
        if (!decoder.TryRead(new Area(0, 0, decoder.Width, decoder.Height), 3, out var view)) return false;
        pixels = new byte[decoder.Width * decoder.Height * 3];
        for (var y = 0; y < decoder.Height; y++) view.Row(0, y, decoder.Width).CopyTo(pixels.AsSpan(y * decoder.Width * 3));
        return true;
    }

    private static bool IsReference(byte[] file, byte[] pixels)
    {
        try
        {
            using var image = ImageFormats.Decode("reference", file, file.Length, 3);
            return image.Rows(0, image.Height).SequenceEqual(pixels);
        }
        catch (ImageDecodingException)
        {
            return false;
        }
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        var bytes = file.ToList();
        var scan = file.AsSpan().IndexOf<byte>([0xFF, 0xDA]);
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(3) switch
            {
                0 => random.Next(Math.Min(200, bytes.Count)),
                1 => Math.Min(scan + random.Next(14), bytes.Count - 1),
                _ => random.Next(bytes.Count),
            };
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, Math.Min(random.Next(1, 5), bytes.Count - 1 - at)); break;
                case 3: bytes.InsertRange(at, [0xFF, (byte)(0xD0 + random.Next(8))]); break;
                case 4: bytes.Insert(at, (byte)(random.Next(2) * 0xFF)); break;
                case 5: bytes.InsertRange(at, [.. bytes.Skip(random.Next(bytes.Count)).Take(9)]); break;
                default: bytes[at] = (byte)(bytes[at] + random.Next(-2, 3)); break;
            }
        }
        // A file without an end is left to libvips at once.
        if (random.Next(8) > 0) bytes.AddRange([0xFF, 0xD9]);
        return [.. bytes];
    }
}
