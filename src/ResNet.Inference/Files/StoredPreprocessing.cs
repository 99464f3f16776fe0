using System.Text.Json;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Files;

/// <summary>The preprocessing of images in the metadata of a file.</summary>
/// <param name="ResizeTo">The shorter side after resizing, in pixels.</param>
/// <param name="CropSize">Height and width of the square cut out of the middle, in pixels.</param>
/// <param name="Interpolation">The interpolation of the resizing.</param>
/// <param name="Normalize">The normalisation.</param>
internal sealed record StoredPreprocessing(int ResizeTo, int CropSize, ImageInterpolation Interpolation, Normalize Normalize)
{
    /// <summary>The longest side of a picture for a network, in pixels.</summary>
    internal const int LongestSide = 1 << 13;

    /// <summary>The transforms on pixels.</summary>
    internal Compose Transforms => new(new Resize(ResizeTo) { Interpolation = Interpolation }, new CenterCrop(CropSize));

    /// <summary>The number that the network gets for each byte, channel by channel.</summary>
    /// <param name="preprocessing">The preprocessing; null for numbers from 0 to 1.</param>
    /// <param name="channels">The channels of the images.</param>
    internal static float[] Table(StoredPreprocessing? preprocessing, int channels)
    {
        var table = new float[channels * 256];
        for (int i = 0; i < table.Length; i++)
        {
            float value = (i & 255) / 255f;
            if (preprocessing is not null)
                value = (value - (float)preprocessing.Normalize.Mean[i >> 8]) / (float)preprocessing.Normalize.Deviation[i >> 8];
            table[i] = value;
        }
        return table;
    }

    /// <exception cref="FormatException">The text is no preprocessing for images of so many channels.</exception>
    internal static StoredPreprocessing Read(string text, int channels)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            float[] mean = Numbers("mean"), deviation = Numbers("deviation");
            int resize = JsonNumber.Int32(root.GetProperty("resize")), crop = JsonNumber.Int32(root.GetProperty("crop"));
            ImageInterpolation? interpolation = root.GetProperty("interpolation").GetString() switch
            {
                "bilinear" => ImageInterpolation.Bilinear,
                "bicubic" => ImageInterpolation.Bicubic,
                _ => null,
            };
            if (interpolation is not { } filter || mean.Length != channels || deviation.Length != channels
                || resize is < 1 or > LongestSide || crop is < 1 or > LongestSide
                || !mean.All(float.IsFinite) || !deviation.All(value => float.IsNormal(value) && value > 0))
            {
                throw new FormatException("its preprocessing does not fit the network");
            }
            return new StoredPreprocessing(resize, crop, filter, new Normalize(mean, deviation));

            float[] Numbers(string name) => [.. root.GetProperty(name).EnumerateArray().Select(number => number.GetSingle())];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new FormatException("its preprocessing cannot be read", e);
        }
    }
}
