using ResNet.Imaging.Decoding;
using ResNet.Training.Data;

namespace ResNet.Training.Tests;

/// <summary>Small pictures of noise, 16 × 16 pixels, PNG: bright ones are class 1, dark ones class 0, in turn.</summary>
internal static class GreyPictures
{
    internal const int Side = 16;

    /// <summary>Writes pictures into a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="count">The number of pictures.</param>
    /// <param name="brighter">How much brighter those of class 1 are.</param>
    /// <param name="noise">One more than the brightest value of the others.</param>
    internal static List<ImageSample> Write(string folder, int count, int brighter, int noise)
    {
        var random = new Random(1);
        var samples = new List<ImageSample>();
        for (int i = 0; i < count; i++)
        {
            var pixels = new byte[Side * Side];
            for (int p = 0; p < pixels.Length; p++) pixels[p] = (byte)((i % 2 * brighter) + random.Next(noise));
            string path = Path.Combine(folder, $"{i:00}.png");
            File.WriteAllBytes(path, PngEncoder.Encode(pixels, Side, Side, 1));
            samples.Add(new ImageSample(path, i % 2));
        }
        return samples;
    }
}
