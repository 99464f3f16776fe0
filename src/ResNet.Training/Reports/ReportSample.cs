using ResNet.Core;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Reports.Charts;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Training.Reports;

/// <summary>A training image as the network saw it: augmented, and mixed with another one.</summary>
/// <param name="Classes">Its class; of a mixed image its classes with their shares, the largest first.</param>
/// <param name="Picture">A PNG of at most 128 pixels on each side.</param>
public sealed record ReportSample(string Classes, ReadOnlyMemory<byte> Picture)
{
    /// <summary>The maximum number of images in a report.</summary>
    internal const int Most = 16;

    private const int MostSide = 128;

    /// <summary>
    /// Draws the first images of the first batch again, up to 16. The training is not affected: images and augmentation depend on the seed,
    /// the epoch and the index alone.
    /// </summary>
    /// <param name="training">The loader of the training images.</param>
    /// <param name="classes">The names of the classes.</param>
    /// <param name="mixing">The transform of whole batches; null for none.</param>
    /// <returns>The images in their order; images that cannot be read are left out.</returns>
    public static IReadOnlyList<ReportSample> Draw(ImageLoader training, IReadOnlyList<string> classes, BatchTransform? mixing = null)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(classes);
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        if (training.Peek(epoch: 0, Most) is not { } batch) return [];
        var input = batch.ToInput(CPU);
        long[] labels = batch.Labels.data<long>().ToArray();
        var mixed = mixing?.Apply(input, batch.Labels, classes.Count, training.Options.Seed, epoch: 0, batch: 0);
        float[]? shares = mixed?.data<float>().ToArray();
        var pixels = Denormalized(training.Transforms.Normalize, input);
        var (height, width) = ((int)pixels.size(1), (int)pixels.size(2));
        byte[] bytes = pixels.data<byte>().ToArray();
        int channels = training.Options.Channels, length = height * width * channels;
        return
        [
            .. Enumerable.Range(0, Math.Min(Most, labels.Length)).Select(i => new ReportSample(
                shares is null ? classes[(int)labels[i]] : Describe(shares.AsSpan(i * classes.Count, classes.Count), classes),
                PngEncoder.Encode(bytes.AsSpan(i * length, length).ToArray(), width, height, channels))),
        ];
    }

    // Returns [N, H, W, C], uint8.
    private static Tensor Denormalized(Normalize? normalize, Tensor input)
    {
        var values = input;
        if (normalize is not null) values = values.mul(Channels(normalize.Deviation)).AddInPlace(Channels(normalize.Mean));
        double scale = Math.Min(1, (double)MostSide / Math.Max(values.size(2), values.size(3)));
        if (scale < 1)
        {
            long[] size = [Side(values.size(2)), Side(values.size(3))];
            values = functional.interpolate(values.contiguous(), size, mode: InterpolationMode.Area);
        }
        using Scalar least = 0, most = 255, largest = 255;
        return values.mul(largest).round().clamp(least, most).permute(0, 2, 3, 1).contiguous().to(ScalarType.Byte);

        long Side(long length) => Math.Max(1, (long)Math.Round(length * scale));
        static Tensor Channels(IReadOnlyList<float> numbers) => tensor([.. numbers], [1, numbers.Count, 1, 1]);
    }

    private static string Describe(ReadOnlySpan<float> shares, IReadOnlyList<string> classes)
    {
        var present = new List<(string Name, float Share)>();
        for (int i = 0; i < shares.Length; i++)
        {
            if (shares[i] > 0) present.Add((classes[i], shares[i]));
        }
        return present.Count == 1
            ? present[0].Name
            : string.Join(", ", present.OrderByDescending(one => one.Share).Select(one => $"{one.Name} {Figures.Share(one.Share)}"));
    }
}
