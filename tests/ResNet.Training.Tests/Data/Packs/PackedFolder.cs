using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace ResNet.Training.Tests.Data.Packs;

/// <summary>A folder of small images of every kind, and the path of its pack.</summary>
internal sealed class PackedFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PackedFolder()
    {
        var originals = HostileImages.Originals();
        for (var i = 0; i < originals.Length; i++) _folder.Write($"images/{"abc"[i % 3]}/{i:00}.jpg", originals[i]);
        for (var i = 0; i < 12; i++) Add($"images/ä \"quoted\"/ünïcödé-{i}-🐈.png", 20 + (3 * i), 47 - i, i);
        Images = new ImageFolder(_folder.File("images"));
    }

    public ImageFolder Images { get; private set; }

    public string Pack => _folder.File("packs/images.safetensors");

    public string At(string relativePath) => _folder.File(relativePath);

    public string Write(string relativePath, byte[] contents) => _folder.Write(relativePath, contents);

    public void Add(string relativePath, int width, int height, int seed) =>
        _folder.Write(relativePath, PngEncoder.Encode(Noise(width * height * 3, seed), width, height, 3));

    public ImageFolder Reopen() => Images = new ImageFolder(_folder.File("images"));

    public ImagePack WriteAndOpen(PackOptions? options = null)
    {
        ImagePack.Write(Images, Pack, options);
        return ImagePack.Open(Pack);
    }

    /// <summary>Decodes the pixels of an image's file.</summary>
    public byte[] Decode(int index, int channels, out int height, out int width)
    {
        using var image = ImageDecoder.Open(Images.Samples[index].Path, channels);
        (height, width) = (image.Height, image.Width);
        var pixels = new byte[height * width * channels];
        image.CropResizeInto(0, 0, width, height, width, height, flipHorizontally: false, pixels);
        return pixels;
    }

    public static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void Dispose() => _folder.Dispose();
}
