using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Inference.Files;

namespace ResNet.Inference;

/// <summary>
/// Classifies pictures with an <see cref="InferenceModel"/>: from a file, a stream, bytes or pixels. Safe to use from several threads.
/// </summary>
public sealed class ImageClassifier : IDisposable
{
    private const int DefaultCount = 5;

    private const string DefaultName = "the picture";

    private readonly Compose _transforms;

    private ImageClassifier(InferenceModel model, string file)
    {
        Model = model;
        try
        {
            Classes = model.Classes ?? throw new InferenceFileException(file, Lacking("classes"));
            var preprocessing = model.Preprocessing ?? throw new InferenceFileException(file, Lacking("preprocessing"));
            if (model.Channels is not (1 or 3))
                throw new InferenceFileException(file, $"takes {model.Channels} channels, but pictures have 1 (grey) or 3 (colour)");
            _transforms = preprocessing.Transforms;
            model.RequireSize(preprocessing.CropSize);
        }
        catch
        {
            model.Dispose();
            throw;
        }

        static string Lacking(string what) => $"does not say the {what}: save it with them (InferenceExportOptions), or use InferenceModel";
    }

    /// <summary>The network.</summary>
    public InferenceModel Model { get; }

    /// <summary>The names of the classes, in the order of the network's outputs.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Opens a file that <c>ResNetModel.SaveForInference</c> wrote, with classes and preprocessing.</summary>
    /// <param name="path">The file, which stays open until the classifier is disposed.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InferenceFileException">The file cannot be read, is damaged, or lacks classes or preprocessing.</exception>
    public static ImageClassifier Open(string path, InferenceOptions? options = null) => new(InferenceModel.Open(path, options), path);

    /// <summary>Opens a file that is read from a stream, to its end.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="InferenceFileException">The content is damaged, or lacks classes or preprocessing.</exception>
    public static ImageClassifier Open(Stream stream, InferenceOptions? options = null) =>
        new(InferenceModel.Open(stream, options), InferenceFile.StreamName);

    /// <summary>Returns the likeliest classes of a picture, likeliest first.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">It cannot be processed.</exception>
    public IReadOnlyList<Prediction> Classify(string path, int count = DefaultCount, CancellationToken cancellationToken = default)
    {
        using var reader = new ImageReader(Model.Channels);
        reader.Open(path);
        return Classify(reader, path, count, cancellationToken);
    }

    /// <summary>Returns the likeliest classes of a picture in a stream, such as an upload; nothing is written to disk.</summary>
    /// <param name="contents">The bytes of an image file, from the stream's position to its end.</param>
    /// <param name="name">The picture's name in messages; its ending matters as for <see cref="ImageDecoder"/>.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">It cannot be processed.</exception>
    public IReadOnlyList<Prediction> Classify(
        Stream contents, string name = DefaultName, int count = DefaultCount, CancellationToken cancellationToken = default)
    {
        using var reader = new ImageReader(Model.Channels);
        reader.Open(name, contents);
        return Classify(reader, name, count, cancellationToken);
    }

    /// <summary>Returns the likeliest classes of a picture in memory, in the form of a file.</summary>
    /// <param name="file">The bytes of an image file.</param>
    /// <param name="name">The picture's name in messages; its ending matters as for <see cref="ImageDecoder"/>.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">It cannot be processed.</exception>
    public IReadOnlyList<Prediction> Classify(
        byte[] file, string name = DefaultName, int count = DefaultCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Classify(new MemoryStream(file, writable: false), name, count, cancellationToken);
    }

    /// <summary>Returns the likeliest classes of a picture's pixels.</summary>
    /// <param name="pixels">
    /// Rows of interleaved channels, 8 bits each: <paramref name="height"/> × <paramref name="width"/> × 3 for colour, red first, or × 1
    /// for a network of grey pictures.
    /// </param>
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit.</exception>
    /// <exception cref="TransformException">The picture cannot be processed.</exception>
    public IReadOnlyList<Prediction> Classify(
        ReadOnlyMemory<byte> pixels, int width, int height, int count = DefaultCount, CancellationToken cancellationToken = default) =>
        Classify(new PictureBuffer(pixels, width, height, Model.Channels), DefaultName, count, cancellationToken);

    /// <summary>Classifies a picture on another thread; see <see cref="Classify(string, int, CancellationToken)"/>.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<IReadOnlyList<Prediction>> ClassifyAsync(
        string path, int count = DefaultCount, CancellationToken cancellationToken = default) =>
        Task.Run(() => Classify(path, count, cancellationToken), cancellationToken);

    /// <summary>Reads a picture from a stream and classifies it on another thread.</summary>
    /// <param name="contents">The bytes of an image file, from the stream's position to its end.</param>
    /// <param name="name">The picture's name in messages.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the reading, and the computation after the current layer.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<Prediction>> ClassifyAsync(
        Stream contents, string name = DefaultName, int count = DefaultCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(contents);
        var memory = new MemoryStream();
        await contents.CopyToAsync(memory, cancellationToken).ConfigureAwait(false);
        memory.Position = 0;
        return await Task.Run(() => Classify(memory, name, count, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Disposes of the network; if calls are running, at the end of the last one.</summary>
    public void Dispose() => Model.Dispose();

    private Prediction[] Classify(IPixelSource picture, string name, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var (height, width) = _transforms.Size;
        byte[] pixels = new byte[height * width * Model.Channels];
        try
        {
            _transforms.Apply(picture, new Canvas(), SplitMix64.For(0), pixels);
        }
        catch (TransformException failure)
        {
            throw new TransformException(name, failure.Reason, failure);
        }
        var scores = new float[Model.ClassCount];
        Model.Run(pixels, 1, height, width, scores, cancellationToken);
        return Rank(scores, count);
    }

    private Prediction[] Rank(float[] scores, int count)
    {
        // Computed in double precision; the greatest score becomes 0, so that nothing overflows.
        float greatest = scores.Max();
        double[] parts = [.. scores.Select(score => Math.Exp((double)score - greatest))];
        double sum = parts.Sum();
        // OrderBy is stable: of equal scores, the first class comes first.
        return [.. Enumerable.Range(0, scores.Length)
            .OrderByDescending(i => scores[i]).Take(count).Select(i => new Prediction(Classes[i], parts[i] / sum))];
    }
}
