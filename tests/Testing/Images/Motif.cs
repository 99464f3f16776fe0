using System.Security.Cryptography;

namespace ResNet.Testing;

/// <summary>The picture of the tests whose expected values are hashes of Pillow's and torchvision's results.</summary>
internal static class Motif
{
    public static byte[] Pixels(int width, int height, int channels)
    {
        var pixels = new byte[height * width * channels];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (channel, x, y) = (i % channels, i / channels % width, i / channels / width);
            pixels[i] = (byte)((x * x * 7) + (y * y * 13) + (x * y * 3) + (channel * 85));
        }
        return pixels;
    }

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
}
