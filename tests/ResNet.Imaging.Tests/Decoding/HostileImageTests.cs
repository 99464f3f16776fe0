using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ResNet.Imaging.Decoding;
using ResNet.Testing;
using Xunit.Abstractions;

namespace ResNet.Imaging.Tests;

/// <summary>Files that are damaged by accident or on purpose.</summary>
public sealed class HostileImageTests(ITestOutputHelper output) : IDisposable
{
    private const int Files = 17_000;
    private const int WarmUp = 10_000;
    private const long MostGrowth = 24 << 20;

    private static readonly byte[][] s_signatures =
    [
        [0xFF, 0xD8, 0xFF, 0xE0], [.. SmallPng.Signature], [.. "RIFF\x40\0\0\0WEBPVP8 "u8], [.. "II*\0\x08\0\0\0"u8], [.. "MM\0*"u8],
        [.. "BM\x40\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"u8], [.. "P6 4 4 255 "u8], [.. "P2 9 9 9 "u8], [],
    ];

    private readonly TemporaryFolder _folder = new();

    // Like the loader's, each reader reads many files: one file must not affect the next.
    private readonly Dictionary<int, ImageReader> _readers = new() { [1] = new(1), [3] = new(3) };

    public void Dispose()
    {
        foreach (var reader in _readers.Values) reader.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Damaged_files_give_an_image_or_an_error_with_their_path_and_take_no_memory_for_good()
    {
        var random = new Random(20);
        var originals = HostileImages.Originals();
        var (images, errors, partly, memory, longest) = (0, 0, 0, 0L, TimeSpan.Zero);
        for (var i = 0; i < Files; i++)
        {
            if (i == WarmUp) memory = ResidentMemory.Bytes();
            var path = _folder.Write(string.Create(CultureInfo.InvariantCulture, $"{i % 50}"), Draw(originals, random));
            var start = Stopwatch.GetTimestamp();
            var channels = i % 2 == 0 ? 1 : 3;
            if (IsImage(path, channels)) images++;
            else errors++;
            if (IsPartlyImage(path, channels, random)) partly++;
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(start).Ticks));
        }
        var growth = ResidentMemory.Bytes() - memory;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{images} images, {errors} errors, {partly} of which a part can be read, "
            + $"at most {longest.TotalMilliseconds:0} ms, {growth / 1e6:0} MB more than after {WarmUp}"));
        // A file without checksums is still an image after a change in its pixels.
        images.Should().BeGreaterThan(Files / 10);
        errors.Should().BeGreaterThan(Files / 2);
        partly.Should().BeGreaterThanOrEqualTo(images);
        growth.Should().BeLessThan(MostGrowth);
    }

    // A small picture on a large screen is a large image, whose memory hides what the others keep.
    [Fact]
    public void Damaged_gif_files_give_an_image_or_an_error_with_their_path()
    {
        var random = new Random(22);
        var originals = HostileImages.Gifs();
        var (images, errors) = (0, 0);
        for (var i = 0; i < Files / 5; i++)
        {
            var path = _folder.Write(string.Create(CultureInfo.InvariantCulture, $"{i % 50}.gif"), Draw(originals, random));
            if (IsImage(path, i % 2 == 0 ? 1 : 3)) images++;
            else errors++;
        }
        output.WriteLine($"{images} images, {errors} errors");
        images.Should().BeGreaterThan(Files / 50);
        errors.Should().BeGreaterThan(Files / 20);
    }

    [Fact]
    public void A_file_that_ends_anywhere_is_an_image_or_an_error()
    {
        var random = new Random(21);
        foreach (var original in HostileImages.Originals().Concat(HostileImages.Gifs()).Where(original => original.Length < 3000))
            for (var length = 0; length < original.Length; length += 1 + (length / 40))
            {
                // GIF is read only under this name, and all other formats under any.
                var path = _folder.Write("cut.gif", original[..length]);
                IsImage(path, channels: 3);
                IsPartlyImage(path, channels: 3, random);
            }
    }

    private static bool IsImage(string path, int channels) => Succeeds(path, () =>
    {
        using var image = ImageDecoder.Open(path, channels);
        var pixels = new byte[4 * 4 * channels];
        image.CropResizeInto(0, 0, image.Width, image.Height, 4, 4, flipHorizontally: false, pixels);
    });

    // Reads the area of a crop, as the loader does.
    private bool IsPartlyImage(string path, int channels, Random random) => Succeeds(path, () =>
    {
        var reader = _readers[channels];
        reader.Open(path);
        var (left, top) = (random.Next(reader.Width), random.Next(reader.Height));
        var area = new Area(left, top, random.Next(1, reader.Width - left + 1), random.Next(1, reader.Height - top + 1));
        var view = reader.Read(area);
        view.Area.Contains(area).Should().BeTrue();
        for (var y = area.Top; y < area.Bottom; y++) view.Row(area.Left, y, area.Width).Length.Should().Be(area.Width * channels);
        reader.Trim();
    });

    private static bool Succeeds(string path, Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (ImageDecodingException error)
        {
            error.Path.Should().Be(path);
            error.Message.Should().StartWith($"Cannot read the image '{path}': ").And.EndWith(".");
            return false;
        }
    }

    private static byte[] Draw(byte[][] originals, Random random)
    {
        if (random.Next(10) == 0) return [.. s_signatures[random.Next(s_signatures.Length)], .. Noise(random.Next(400), random)];
        var original = originals[random.Next(originals.Length)];
        return random.Next(4) switch
        {
            0 => original[..random.Next(original.Length)],
            1 when original.AsSpan().StartsWith(SmallPng.Signature) => HostileImages.Resealed(Mutate(original, originals, random)),
            _ => Mutate(original, originals, random),
        };
    }

    private static byte[] Mutate(byte[] original, byte[][] originals, Random random)
    {
        var bytes = original.ToList();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            // Changes near the start have the most effect.
            var at = random.Next(random.Next(2) == 0 ? Math.Min(64, bytes.Count) : bytes.Count);
            var length = Math.Min(random.Next(1, 9), bytes.Count - at);
            var other = originals[random.Next(originals.Length)];
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(at, Noise(length, random)); break;
                case 4: bytes.InsertRange(at, other.Skip(random.Next(other.Length)).Take(random.Next(64))); break;
                default: CollectionsMarshal.AsSpan(bytes).Slice(at, length).Fill((byte)(random.Next(2) * 0xFF)); break;
            }
        }
        return [.. bytes];
    }

    private static byte[] Noise(int length, Random random)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
