using System.Diagnostics;
using ResNet.Inference;
using ResNet.Training.Data;
using ResNet.Training.Loading;

namespace ResNet.Cli;

/// <summary>A network of floats and the same of 8-bit integers, on the same images.</summary>
/// <param name="Dataset">The folder or pack of the images.</param>
/// <param name="Images">The number of images.</param>
/// <param name="Float32">The results with floats.</param>
/// <param name="Int8">The results with integers.</param>
/// <param name="Changed">The images that are of another class with integers.</param>
internal sealed record QuantizationComparison(
    string Dataset, int Images, QuantizationComparison.Result Float32, QuantizationComparison.Result Int8,
    IReadOnlyList<QuantizationComparison.ChangedImage> Changed)
{
    /// <summary>Computes all images with both networks.</summary>
    /// <param name="floats">The network of floats.</param>
    /// <param name="integers">That of integers.</param>
    /// <param name="loader">The images in their order.</param>
    /// <param name="evaluated">The same images.</param>
    /// <param name="classes">The names of the classes.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static QuantizationComparison Of(
        InferenceModel floats, InferenceModel integers, ImageLoader loader, EvaluatedImages evaluated, IReadOnlyList<string> classes,
        IProgress<DatasetProgress> progress, CancellationToken cancellationToken)
    {
        var (height, width) = loader.Transforms.Size;
        var (left, right) = (new Tally(floats), new Tally(integers));
        var changed = new List<ChangedImage>();
        int done = 0;
        foreach (var batch in loader.Epoch(0, cancellationToken))
        {
            long[] labels = batch.Labels.data<long>().ToArray();
            int[] before = left.Add(batch.Images.bytes, labels, height, width, cancellationToken);
            int[] now = right.Add(batch.Images.bytes, labels, height, width, cancellationToken);
            for (int i = 0; i < labels.Length; i++)
            {
                if (before[i] != now[i])
                    changed.Add(new(evaluated.Source.Name(done + i), classes[(int)labels[i]], classes[before[i]], classes[now[i]]));
            }
            done += labels.Length;
            progress.Report(new DatasetProgress("Comparing", done, evaluated.Source.Count));
        }
        return new(evaluated.Root, done, left.Result, right.Result, changed);
    }

    /// <summary>What a network achieved.</summary>
    /// <param name="Loss">The mean cross-entropy.</param>
    /// <param name="Top1">The share of images whose likeliest class is right, in percent.</param>
    /// <param name="ImagesPerSecond">The speed of the network alone, without decoding.</param>
    internal readonly record struct Result(double Loss, double Top1, double ImagesPerSecond);

    /// <summary>An image that is of another class with integers.</summary>
    /// <param name="Image">The image file's path; for a packed image, the pack's path and the image's name in it.</param>
    /// <param name="Class">The actual class.</param>
    /// <param name="Float32">The likeliest class with floats.</param>
    /// <param name="Int8">The likeliest class with integers.</param>
    internal readonly record struct ChangedImage(string Image, string Class, string Float32, string Int8);

    private sealed class Tally(InferenceModel model)
    {
        private readonly Stopwatch _watch = new();
        private double _loss;
        private int _right;
        private int _images;

        internal Result Result => new(_loss / _images, 100.0 * _right / _images, _images / _watch.Elapsed.TotalSeconds);

        // Returns the likeliest class of each image.
        internal int[] Add(ReadOnlySpan<byte> pixels, long[] labels, int height, int width, CancellationToken cancellationToken)
        {
            var scores = new float[labels.Length * model.ClassCount];
            // The first batch of a size packs the weights.
            if (_images == 0) model.Run(pixels, labels.Length, height, width, scores, cancellationToken);
            _watch.Start();
            model.Run(pixels, labels.Length, height, width, scores, cancellationToken);
            _watch.Stop();
            _images += labels.Length;
            return [.. scores.Chunk(model.ClassCount).Select((row, i) => Count(row, (int)labels[i]))];
        }

        private int Count(float[] scores, int label)
        {
            int best = Array.IndexOf(scores, scores.Max());
            _loss += Math.Log(scores.Sum(score => Math.Exp((double)score - scores[best]))) + scores[best] - scores[label];
            if (best == label) _right++;
            return best;
        }
    }
}
