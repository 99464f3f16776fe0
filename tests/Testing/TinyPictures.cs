using System.Buffers.Binary;

namespace ResNet.Testing;

/// <summary>A data set of two classes of noise, one of them brighter: <c>train/</c> and <c>val/</c>, 32 × 32 pixels, BMP.</summary>
internal static class TinyPictures
{
    internal const int Training = 48;

    private const int Side = 32;
    private const int HeaderBytes = 54;

    internal static void Write(string folder, int training = Training)
    {
        var random = new Random(7);
        foreach (var (split, images) in new[] { ("train", training), ("val", 16) })
        {
            for (int i = 0; i < images; i++)
            {
                string path = Path.Combine(folder, split, i % 2 == 0 ? "bright" : "dark", $"{i:000}.bmp");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, Picture(random, least: i % 2 == 0 ? 60 : 0));
            }
        }
    }

    private static byte[] Picture(Random random, int least)
    {
        var bytes = new byte[HeaderBytes + (Side * Side * 3)];
        "BM"u8.CopyTo(bytes);
        // The file's length, the position of the pixels, the header's length, width, height, one plane of 24 bits a pixel.
        (int Place, int Value)[] header = [(2, bytes.Length), (10, HeaderBytes), (14, 40), (18, Side), (22, Side), (26, 1 | (24 << 16))];
        foreach (var (place, value) in header) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(place), value);
        for (int i = HeaderBytes; i < bytes.Length; i++) bytes[i] = (byte)(least + random.Next(190));
        return bytes;
    }
}
