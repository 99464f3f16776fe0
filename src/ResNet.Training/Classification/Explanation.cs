using ResNet.Core;
using ResNet.Imaging;
using ResNet.Imaging.Color;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Rendering;
using ResNet.Inference;
using ResNet.Inference.Execution;

namespace ResNet.Training.Classification;

/// <summary>The parts of a picture in which a network sees a class; made by <see cref="Classifier.Explain"/>.</summary>
public sealed class Explanation
{
    // Small pictures are enlarged to be recognisable, and large ones reduced.
    private const int LeastSide = 256;
    private const int GreatestSide = 1024;
    private const int MostElongated = 3;

    // The opacity of the colour at the coldest and hottest places, and the brightness of the picture outside the network's input.
    private const double ColdOpacity = 0.3;
    private const double HotOpacity = 0.6;
    private const double Unseen = 0.35;

    private readonly string _path;
    private readonly float[] _heat;
    private readonly SourceArea _seen;

    internal Explanation(
        string path, IReadOnlyList<Prediction> predictions, Prediction prediction, float[] heat, ImageSize size, SourceArea seen) =>
        (_path, Predictions, Prediction, _heat, Size, _seen) = (path, predictions, prediction, heat, size, seen);

    /// <summary>
    /// The likeliest classes, likeliest first, the same as of <see cref="Classifier.Classify(string, int)"/>, but computed by TorchSharp if
    /// the classifier has gradients.
    /// </summary>
    public IReadOnlyList<Prediction> Predictions { get; }

    /// <summary>The explained class and its probability.</summary>
    public Prediction Prediction { get; }

    /// <summary>Height and width of <see cref="Heat"/>: the network's input in pixels.</summary>
    public ImageSize Size { get; }

    /// <summary>
    /// The map over the part of the picture in the network's input, row by row: a value from 0 to 1 for each pixel of <see cref="Size"/>.
    /// </summary>
    public IReadOnlyList<float> Heat => _heat;

    /// <summary>
    /// Writes the picture with the map over it as a PNG: dark blue is no evidence for the class, red is the most evidence.
    /// The part outside the network's input is darkened. The picture is read again for this. Its shorter
    /// side becomes at least 256 pixels, its longer one at most 1024; a picture more than three times as long as wide
    /// is cut to its middle.
    /// </summary>
    /// <param name="path">The file to make or replace.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read any more.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WritePng(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var image = ImageDecoder.Open(_path, channels: 3);
        int longest = MostElongated * Math.Min(image.Width, image.Height);
        var shown = Middle(image, Math.Min(image.Width, longest), Math.Min(image.Height, longest));
        var (width, height) = Enlarged(shown.Width, shown.Height);
        byte[] pixels = new byte[width * height * 3];
        image.CropResizeInto(shown.Left, shown.Top, shown.Width, shown.Height, width, height, flipHorizontally: false, pixels);

        double scale = (double)width / shown.Width;
        var seen = Rounded(_seen, shown, scale);
        var heat = Resized(seen.Height, seen.Width);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                var pixel = pixels.AsSpan(((y * width) + x) * 3, 3);
                if (seen.Contains(new Area(x, y, 1, 1))) Paint(pixel, heat[((y - seen.Top) * seen.Width) + x - seen.Left]);
                else Darken(pixel);
            }
        }
        AtomicFile.Write(path, stream => stream.Write(PngEncoder.Encode(pixels, width, height, channels: 3)));
    }

    private static Area Middle(DecodedImage image, int width, int height) =>
        new((image.Width - width) / 2, (image.Height - height) / 2, width, height);

    // The network's input, in pixels of the written picture, around the same centre.
    private static Area Rounded(SourceArea seen, Area shown, double scale)
    {
        int width = Math.Max(1, (int)Math.Round(seen.Width * scale)), height = Math.Max(1, (int)Math.Round(seen.Height * scale));
        double across = (seen.Left + (seen.Width / 2) - shown.Left) * scale, down = (seen.Top + (seen.Height / 2) - shown.Top) * scale;
        return new((int)Math.Floor(across - (width / 2.0)), (int)Math.Floor(down - (height / 2.0)), width, height);
    }

    private static (int Width, int Height) Enlarged(int width, int height)
    {
        double scale = Math.Max(1, (double)LeastSide / Math.Min(width, height));
        scale = Math.Min(scale, (double)GreatestSide / Math.Max(width, height));
        return ((int)Math.Round(width * scale), (int)Math.Round(height * scale));
    }

    private float[] Resized(int height, int width)
    {
        float[] result = new float[height * width];
        ActivationMap.Resize(_heat, Size.Height, Size.Width, result, height, width);
        return result;
    }

    private static void Paint(Span<byte> pixel, float heat) =>
        HeatColours.Blend(pixel, heat, ColdOpacity + ((HotOpacity - ColdOpacity) * heat));

    private static void Darken(Span<byte> pixel)
    {
        for (int i = 0; i < pixel.Length; i++) pixel[i] = (byte)Math.Round(pixel[i] * Unseen);
    }
}
