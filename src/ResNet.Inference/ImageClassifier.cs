using System.Runtime.ExceptionServices;
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

    // More pictures at once need more memory and gain little.
    private const int Batch = 8;

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

        static string Lacking(string what) =>
            $"does not say the {what}: save it with the {what} (InferenceExportOptions), or use InferenceModel";
    }

    /// <summary>The network.</summary>
    public InferenceModel Model { get; }

    /// <summary>The names of the classes, in the order of the network's outputs.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The transforms on the pixels of a picture.</summary>
    internal Compose Transforms => _transforms;

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
        ArgumentNullException.ThrowIfNull(path);
        return Classify([(path, null)], count, cancellationToken)[0];
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
        ArgumentNullException.ThrowIfNull(contents);
        return Classify([(name, contents)], count, cancellationToken)[0];
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
        Classify(Fit(new PictureBuffer(pixels, width, height, Model.Channels), DefaultName), 1, count, cancellationToken)[0];

    /// <summary>Returns the likeliest classes of each of several pictures, which are computed in batches.</summary>
    /// <param name="paths">The pictures' files.</param>
    /// <param name="count">The maximum number of classes of a picture, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <returns>The classes of each picture, likeliest first, in the order of the pictures.</returns>
    /// <exception cref="ImageDecodingException">A picture cannot be read.</exception>
    /// <exception cref="TransformException">A picture cannot be processed.</exception>
    public IReadOnlyList<IReadOnlyList<Prediction>> Classify(
        IReadOnlyList<string> paths, int count = DefaultCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Classify([.. paths.Select(path => (path, (Stream?)null))], count, cancellationToken);
    }

    /// <summary>Returns the likeliest classes of each of several pictures in streams, which are computed in batches.</summary>
    /// <param name="contents">The bytes of the image files, from each stream's position to its end.</param>
    /// <param name="names">The pictures' names in messages, one for each; null for none.</param>
    /// <param name="count">The maximum number of classes of a picture, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <returns>The classes of each picture, likeliest first, in the order of the pictures.</returns>
    /// <exception cref="ArgumentException">There is not one name for each stream.</exception>
    /// <exception cref="ImageDecodingException">A picture cannot be read.</exception>
    /// <exception cref="TransformException">A picture cannot be processed.</exception>
    public IReadOnlyList<IReadOnlyList<Prediction>> Classify(
        IReadOnlyList<Stream> contents, IReadOnlyList<string>? names = null, int count = DefaultCount,
        CancellationToken cancellationToken = default)
    {
        Check(contents, names);
        return Classify(
            [.. contents.Select((stream, i) => (names?[i] ?? $"{DefaultName} {i}", (Stream?)stream))], count, cancellationToken);
    }

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
        var memory = await CopyAsync(contents, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Classify(memory, name, count, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Classifies several pictures on another thread; see <see cref="Classify(IReadOnlyList{string}, int, CancellationToken)"/>.
    /// </summary>
    /// <param name="paths">The pictures' files.</param>
    /// <param name="count">The maximum number of classes of a picture, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<IReadOnlyList<IReadOnlyList<Prediction>>> ClassifyAsync(
        IReadOnlyList<string> paths, int count = DefaultCount, CancellationToken cancellationToken = default) =>
        Task.Run(() => Classify(paths, count, cancellationToken), cancellationToken);

    /// <summary>Reads several pictures from streams, one after the other, and classifies them on another thread.</summary>
    /// <param name="contents">The bytes of the image files, from each stream's position to its end.</param>
    /// <param name="names">The pictures' names in messages, one for each; null for none.</param>
    /// <param name="count">The maximum number of classes of a picture, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the reading, and the computation after the current layer.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<Prediction>>> ClassifyAsync(
        IReadOnlyList<Stream> contents, IReadOnlyList<string>? names = null, int count = DefaultCount,
        CancellationToken cancellationToken = default)
    {
        Check(contents, names);
        var copies = new List<Stream>();
        foreach (var stream in contents) copies.Add(await CopyAsync(stream, cancellationToken).ConfigureAwait(false));
        return await Task.Run(() => Classify(copies, names, count, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds the parts of a picture in which the network sees a class.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="className">The class to look for; null for the likeliest.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="InvalidOptionException">There is no such class.</exception>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">It cannot be processed.</exception>
    public ClassActivationMap Explain(string path, string? className = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Explain(Read([(path, null)]), className, cancellationToken);
    }

    /// <summary>Finds the parts of a picture in a stream in which the network sees a class.</summary>
    /// <param name="contents">The bytes of an image file, from the stream's position to its end.</param>
    /// <param name="name">The picture's name in messages; its ending matters as for <see cref="ImageDecoder"/>.</param>
    /// <param name="className">The class to look for; null for the likeliest.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <inheritdoc cref="Explain(string, string?, CancellationToken)" path="/exception"/>
    public ClassActivationMap Explain(
        Stream contents, string name = DefaultName, string? className = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(contents);
        return Explain(Read([(name, contents)]), className, cancellationToken);
    }

    /// <summary>Finds the parts of a picture in memory, in the form of a file, in which the network sees a class.</summary>
    /// <param name="file">The bytes of an image file.</param>
    /// <param name="name">The picture's name in messages; its ending matters as for <see cref="ImageDecoder"/>.</param>
    /// <param name="className">The class to look for; null for the likeliest.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <inheritdoc cref="Explain(string, string?, CancellationToken)" path="/exception"/>
    public ClassActivationMap Explain(
        byte[] file, string name = DefaultName, string? className = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Explain(new MemoryStream(file, writable: false), name, className, cancellationToken);
    }

    /// <summary>Finds the parts of a picture's pixels in which the network sees a class.</summary>
    /// <param name="pixels">
    /// Rows of interleaved channels, 8 bits each, as for
    /// <see cref="Classify(ReadOnlyMemory{byte}, int, int, int, CancellationToken)"/>.
    /// </param>
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="className">The class to look for; null for the likeliest.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit.</exception>
    /// <exception cref="InvalidOptionException">There is no such class.</exception>
    /// <exception cref="TransformException">The picture cannot be processed.</exception>
    public ClassActivationMap Explain(
        ReadOnlyMemory<byte> pixels, int width, int height, string? className = null, CancellationToken cancellationToken = default) =>
        Explain(Fit(new PictureBuffer(pixels, width, height, Model.Channels), DefaultName), className, cancellationToken);

    /// <summary>Disposes of the network; if calls are running, at the end of the last one.</summary>
    public void Dispose() => Model.Dispose();

    private static void Check(IReadOnlyList<Stream> contents, IReadOnlyList<string>? names)
    {
        ArgumentNullException.ThrowIfNull(contents);
        if (names is not null && names.Count != contents.Count)
            throw new ArgumentException($"There are {names.Count} names, but {contents.Count} streams: give one for each.", nameof(names));
    }

    private static async Task<MemoryStream> CopyAsync(Stream contents, CancellationToken cancellationToken)
    {
        var memory = new MemoryStream();
        await contents.CopyToAsync(memory, cancellationToken).ConfigureAwait(false);
        memory.Position = 0;
        return memory;
    }

    private Prediction[][] Classify(List<(string Name, Stream? Contents)> pictures, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. pictures.Chunk(Batch).SelectMany(batch => Classify(Read(batch), batch.Length, count, cancellationToken))];
    }

    private Prediction[][] Classify(byte[] pixels, int pictures, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var (height, width) = _transforms.Size;
        var scores = new float[pictures * Model.ClassCount];
        Model.Run(pixels, pictures, height, width, scores, cancellationToken);
        return [.. scores.Chunk(Model.ClassCount).Select(row => Rank(row, count))];
    }

    private ClassActivationMap Explain(byte[] pixels, string? className, CancellationToken cancellationToken) =>
        Explain(pixels, className is null ? null : IndexOf(className), cancellationToken);

    /// <summary>Finds the parts of a picture that fits the network, <c>[H, W, C]</c>, in which the network sees a class.</summary>
    internal ClassActivationMap Explain(byte[] pixels, int? chosen, CancellationToken cancellationToken, int count = DefaultCount)
    {
        var (height, width) = _transforms.Size;
        var scores = new float[Model.ClassCount];
        var map = new float[height * width];
        Model.Explain(pixels, 1, height, width, scores, map, chosen is { } index ? [index] : [], cancellationToken);
        var ranked = Rank(scores);
        return new ClassActivationMap(
            [.. ranked.Take(count).Select(Named)],
            Named(chosen is null ? ranked[0] : ranked.First(entry => entry.Index == chosen)), _transforms.Size, map);
    }

    /// <summary>The number of a class; null if there is none of this name.</summary>
    internal int? FindClass(string className)
    {
        for (int i = 0; i < Classes.Count; i++)
        {
            if (Classes[i] == className) return i;
        }
        return null;
    }

    private int IndexOf(string className) => FindClass(className) ?? throw new InvalidOptionException(
        nameof(ImageClassifier), nameof(className), className, "one of the classes of this network (ImageClassifier.Classes)");

    // Decodes pictures, and fits each one to the network: [N, H, W, C].
    private byte[] Read((string Name, Stream? Contents)[] pictures)
    {
        int length = _transforms.Size.Height * _transforms.Size.Width * Model.Channels;
        byte[] pixels = new byte[pictures.Length * length];
        var failures = new Exception?[pictures.Length];
        Parallel.For(0, pictures.Length, new ParallelOptions { MaxDegreeOfParallelism = Model.Threads }, i =>
        {
            try
            {
                using var reader = new ImageReader(Model.Channels);
                if (pictures[i].Contents is { } contents) reader.Open(pictures[i].Name, contents);
                else reader.Open(pictures[i].Name);
                Fit(reader, pictures[i].Name, new Canvas(), pixels.AsSpan(i * length, length));
            }
            catch (Exception failure)
            {
                failures[i] = failure;
            }
        });
        // The first picture that cannot be used, in the caller's order.
        if (Array.Find(failures, failure => failure is not null) is { } first) ExceptionDispatchInfo.Throw(first);
        return pixels;
    }

    private byte[] Fit(IPixelSource picture, string name)
    {
        byte[] pixels = new byte[_transforms.Size.Height * _transforms.Size.Width * Model.Channels];
        Fit(picture, name, new Canvas(), pixels);
        return pixels;
    }

    /// <summary>Fits a picture to the network.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="canvas">Receives the part of the picture that the network sees.</param>
    /// <param name="pixels">Receives <c>[H, W, C]</c>.</param>
    /// <exception cref="TransformException">The picture cannot be processed.</exception>
    internal void Fit(IPixelSource picture, string name, Canvas canvas, Span<byte> pixels)
    {
        try
        {
            _transforms.Apply(picture, canvas, SplitMix64.For(0), pixels);
        }
        catch (TransformException failure)
        {
            throw new TransformException(name, failure.Reason, failure);
        }
    }

    /// <summary>Returns the likeliest classes by the scores of a picture, likeliest first.</summary>
    internal Prediction[] Rank(float[] scores, int count) => [.. Rank(scores).Take(count).Select(Named)];

    private Prediction Named((int Index, double Probability) entry) => new(Classes[entry.Index], entry.Probability);

    // All classes, likeliest first.
    private static (int Index, double Probability)[] Rank(float[] scores)
    {
        // Computed in double precision; the greatest score becomes 0, so that nothing overflows.
        float greatest = scores.Max();
        double[] parts = [.. scores.Select(score => Math.Exp((double)score - greatest))];
        double sum = parts.Sum();
        // OrderByDescending is stable: of equal scores, the first class comes first.
        return [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Select(i => (i, parts[i] / sum))];
    }
}
