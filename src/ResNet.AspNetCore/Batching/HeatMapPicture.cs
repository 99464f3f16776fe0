using ResNet.Imaging.Color;
using ResNet.Imaging.Decoding;
using ResNet.Inference;

namespace ResNet.AspNetCore.Batching;

/// <summary>Makes the picture of a class activation map.</summary>
internal static class HeatMapPicture
{
    // The opacity of the coldest places; that of the hottest ones is 1.
    private const double ColdOpacity = 0.35;

    private const int Channels = 4;

    internal static HeatMap Make(ClassActivationMap map, Outcome outcome)
    {
        var (height, width) = map.Size;
        byte[] pixels = new byte[height * width * Channels];
        for (int i = 0; i < height * width; i++)
        {
            // NaN, of weights that are damaged, is cold.
            float heat = map.Heat[i] is var value && float.IsNaN(value) ? 0 : value;
            var pixel = pixels.AsSpan(i * Channels, Channels);
            HeatColours.Blend(pixel[..3], heat, opacity: 1);
            pixel[3] = (byte)Math.Round(255 * (ColdOpacity + ((1 - ColdOpacity) * heat)));
        }
        var seen = outcome.Seen;
        return new HeatMap(
            map.Prediction,
            new PictureArea(
                seen.Left / outcome.Width, seen.Top / outcome.Height, seen.Width / outcome.Width, seen.Height / outcome.Height),
            PngEncoder.Encode(pixels, width, height, Channels))
        {
            IsUniform = map.Heat.All(heat => heat == map.Heat[0]),
        };
    }
}
