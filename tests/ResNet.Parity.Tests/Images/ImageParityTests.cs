using System.Globalization;
using ResNet.Imaging;
using ResNet.Imaging.Resampling;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using Xunit.Abstractions;

namespace ResNet.Parity.Tests;

/// <summary>Images that Pillow wrote, and some that it can only read, are decoded and resized as with torchvision.</summary>
public sealed class ImageParityTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    [InlineData("tiff")]
    [InlineData("bmp")]
    [InlineData("pnm")]
    [InlineData("gif")]
    public void Decoding_gives_Pillows_pixels(string kind)
    {
        Reference.RunScript("images.py", kind, _folder.Path);
        var images = Lines("decoded.txt");
        var deviations = images.SelectMany(image => Deviations(image[0], Size(image[1], image[2]), Number(image[3]))).ToList();
        output.WriteLine($"{kind}: {images.Count} images; {deviations.Count} deviations");
        deviations.Should().BeEmpty();
    }

    [ParityTheory]
    [InlineData("evaluation")]
    public void Resizing_and_cropping_give_torchvisions_pixels(string kind)
    {
        Reference.RunScript("images.py", kind, _folder.Path);
        var (most, sum, count) = (0, 0L, 0L);
        foreach (var line in Lines("evaluated.txt"))
        {
            var expected = File.ReadAllBytes(At(line[4]));
            var interpolation = Enum.Parse<ImageInterpolation>(line[3], ignoreCase: true);
            var resized = ResizeAndCrop(line[0], Number(line[1]), Number(line[2]), interpolation);
            var differences = Differences(resized, expected).ToList();
            (most, sum, count) = (Math.Max(most, differences.Max()), sum + differences.Sum(), count + differences.Count);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at most {most} levels, {(double)sum / count:0.000} on average"));
        most.Should().Be(0);
    }

    private IEnumerable<string> Deviations(string name, (int Width, int Height) size, int tolerance)
    {
        foreach (var (channels, suffix) in new[] { (3, "rgb"), (1, "l") })
        {
            string? deviation = null;
            try
            {
                using var image = ImageDecoder.Open(At(name), channels);
                var expected = File.ReadAllBytes(At($"{name}.{suffix}"));
                if ((image.Width, image.Height) != size)
                    deviation = $"{image.Width} x {image.Height} pixels";
                else if (Differences(image.Rows(0, image.Height).ToArray(), expected).Max() is var most && most > tolerance)
                    deviation = $"{most} levels";
            }
            catch (ImageDecodingException refusal)
            {
                deviation = refusal.Message;
            }
            if (deviation != null) yield return $"{name} as {suffix}: {deviation}";
        }
    }

    private byte[] ResizeAndCrop(string name, int side, int crop, ImageInterpolation interpolation)
    {
        using var image = ImageDecoder.Open(At(name), 3);
        var (width, height) = (image.Width, image.Height);
        var (scaledWidth, scaledHeight) = width <= height ? (side, side * height / width) : (side * width / height, side);
        var window = new Area(Middle(scaledWidth), Middle(scaledHeight), crop, crop);
        var pixels = new byte[crop * crop * 3];
        var all = new Area(0, 0, width, height);
        new Resampler().Resample(
            new PixelView(image.Rows(0, height), width * 3, 3, all),
            all, scaledWidth, scaledHeight, window, interpolation, flip: false, pixels);
        var same = new byte[pixels.Length];
        new Compose(new Resize(side) { Interpolation = interpolation }, new CenterCrop(crop)).Apply(image, same);
        same.Should().Equal(pixels);
        return pixels;

        int Middle(int length) => (int)Math.Round((length - crop) / 2.0);
    }

    private static IEnumerable<int> Differences(byte[] ours, byte[] theirs)
    {
        ours.Should().HaveSameCount(theirs);
        return ours.Zip(theirs, (our, their) => Math.Abs(our - their));
    }

    private List<string[]> Lines(string file) => [.. File.ReadLines(At(file)).Select(line => line.Split(' '))];

    private string At(string file) => Path.Combine(_folder.Path, file);

    private static (int Width, int Height) Size(string width, string height) => (Number(width), Number(height));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
