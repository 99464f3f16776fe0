using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Imaging;
using ResNet.Imaging.Color;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Randomness;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Training.Reports;

/// <summary>An incorrectly classified picture with its heat map.</summary>
/// <param name="Name">The picture's file.</param>
/// <param name="Class">The actual class.</param>
/// <param name="Predicted">The predicted class.</param>
/// <param name="Probability">The predicted class's probability, from 0 to 1.</param>
/// <param name="Picture">A PNG of the network's input; empty if there is none.</param>
/// <param name="HeatMap">
/// A PNG of the Grad-CAM heat map of the predicted class (<see cref="GradCam"/>). It has the picture's proportions, but may be smaller;
/// the page draws it over the picture.
/// </param>
public sealed record ReportMistake(
    string Name, string Class, string Predicted, double Probability, ReadOnlyMemory<byte> Picture, ReadOnlyMemory<byte> HeatMap)
{
    // The map has only a few values per side, so more pixels would not show more.
    private const int HeatSide = 32;

    /// <summary>Reads the pictures of mistakes again and computes their heat maps in one batch.</summary>
    /// <param name="model">The network that made the mistakes.</param>
    /// <param name="loader">The images that it was evaluated on.</param>
    /// <param name="mistakes">
    /// The mistakes, of <see cref="EvaluationResult.Mistakes"/>. A mistake is left out if its image can no longer be read.
    /// </param>
    /// <param name="classes">The names of the classes.</param>
    /// <exception cref="ArgumentException">The classes are not the network's.</exception>
    /// <exception cref="InvalidOperationException">Inference mode is on.</exception>
    public static IReadOnlyList<ReportMistake> Draw(
        ResNetModel model, ImageLoader loader, IReadOnlyList<Mistake> mistakes, IReadOnlyList<string> classes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loader);
        ArgumentNullException.ThrowIfNull(mistakes);
        ArgumentNullException.ThrowIfNull(classes);
        if (classes.Count != model.Options.Classes)
        {
            throw new ArgumentException(
                $"There are {classes.Count} class names, but the network has {model.Options.Classes} classes: give one name for each.",
                nameof(classes));
        }
        var (readable, pictures) = Read(loader, mistakes);
        if (readable.Count == 0) return [];
        using var scope = NewDisposeScope();
        var (height, width) = loader.Transforms.Size;
        int channels = loader.Options.Channels;
        var pixels = tensor(pictures.SelectMany(picture => picture).ToArray(), [readable.Count, height, width, channels]);
        var input = TensorTransforms.ToInput(loader.Transforms.Normalize, pixels, model.Device).to(model.DType);
        var heat = GradCam.Compute(model, input, [.. readable.Select(mistake => mistake.Predicted)]);
        var (maps, mapHeight, mapWidth) = Reduced(heat);
        return [.. readable.Select((mistake, i) => new ReportMistake(
            mistake.Name, classes[mistake.Class], classes[mistake.Predicted], mistake.Probability,
            PngEncoder.Encode(pictures[i], width, height, channels),
            PngEncoder.Encode(Colours(maps.AsSpan(i * mapHeight * mapWidth, mapHeight * mapWidth)), mapWidth, mapHeight, channels: 3)))];
    }

    private static (List<Mistake> Readable, List<byte[]> Pictures) Read(ImageLoader loader, IReadOnlyList<Mistake> mistakes)
    {
        var (readable, pictures) = (new List<Mistake>(), new List<byte[]>());
        using var worker = new ImageWorker(loader.Source, loader.Transforms, loader.Options.Channels, cache: null);
        foreach (var mistake in mistakes)
        {
            var picture = new byte[loader.Transforms.Size.Height * loader.Transforms.Size.Width * loader.Options.Channels];
            try
            {
                worker.Decode(mistake.Index, SplitMix64.For(0), picture);
            }
            catch (Exception failure) when (failure is ImageDecodingException or TransformException)
            {
                continue;
            }
            readable.Add(mistake);
            pictures.Add(picture);
        }
        return (readable, pictures);
    }

    private static (float[] Maps, int Height, int Width) Reduced(Tensor heat)
    {
        double scale = Math.Min(1, (double)HeatSide / Math.Max(heat.size(1), heat.size(2)));
        var (height, width) = (Math.Max(1, (int)Math.Round(heat.size(1) * scale)), Math.Max(1, (int)Math.Round(heat.size(2) * scale)));
        var maps = functional.interpolate(heat.unsqueeze(1), [height, width], mode: InterpolationMode.Bilinear, align_corners: false);
        return (maps.cpu().data<float>().ToArray(), height, width);
    }

    private static byte[] Colours(ReadOnlySpan<float> heat)
    {
        var pixels = new byte[heat.Length * 3];
        for (int i = 0; i < heat.Length; i++) HeatColours.Blend(pixels.AsSpan(i * 3, 3), float.IsNaN(heat[i]) ? 0 : heat[i], opacity: 1);
        return pixels;
    }
}
