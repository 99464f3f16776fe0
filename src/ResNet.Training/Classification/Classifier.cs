using System.Runtime.CompilerServices;
using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Core.Export;
using ResNet.Core.Inspection;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Inference;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Runs;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Classification;

/// <summary>
/// Classifies pictures: one at a time, from a file, a stream, bytes, pixels or a tensor, or many in batches. Safe to use from several
/// threads.
/// </summary>
public sealed class Classifier : IDisposable
{
    internal const int DefaultCount = 5;

    private const string DefaultName = "the picture";

    // The number of class names in the message if a requested class does not exist.
    private const int NamedAtMost = 10;

    private readonly IReadOnlyList<string> _classes;
    private readonly Compose _transforms;
    private readonly int _channels;

    // Null if it was opened from a file for inference.
    private readonly ResNetModel? _model;

    // A copy of an owned network, which is faster; heat maps need the network itself.
    private readonly ResNetModel? _folded;
    private readonly ImageClassifier? _inference;
    private readonly bool _owns;

    /// <summary>
    /// Makes a classifier of a trained network, which stays the caller's, and puts the network into evaluation mode.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="classes">The names of its classes, in order.</param>
    /// <param name="transforms">The transforms of a picture, as for evaluation.</param>
    /// <exception cref="ArgumentException">
    /// The number of classes differs from the network's, or the network's input is neither grey nor colour pictures.
    /// </exception>
    public Classifier(ResNetModel model, IReadOnlyList<string> classes, Compose transforms)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(transforms);
        if (classes.Count != model.Options.Classes)
        {
            throw new ArgumentException(
                $"There are {classes.Count} class names, but the network has {model.Options.Classes} classes: give one name for each.",
                nameof(classes));
        }
        if (model.Options.InputChannels is not (1 or 3))
        {
            throw new ArgumentException(
                $"The network takes {model.Options.InputChannels} channels, but pictures have 1 (grey) or 3 (colour).", nameof(model));
        }
        model.eval();
        (_model, _classes, _transforms, _channels) = (model, classes, transforms, model.Options.InputChannels);
    }

    private Classifier(
        ResNetModel model, IReadOnlyList<string> classes, Preprocessing preprocessing, PredictionEngine? engine)
        : this(model, classes, Presets.Evaluation(preprocessing))
    {
        _owns = true;
        var content = new InferenceExportOptions { Classes = classes, Preprocessing = preprocessing };
        _inference = InferenceCopy.Open(
            model, engine, content, nameof(Classifier), nameof(engine), file => ImageClassifier.Open(file));
        bool folds = model.Options.Norm == Norm.Batch || model.Options.Norm == Norm.FrozenBatch;
        if (_inference is null && folds) _folded = model.FuseForInference();
    }

    // Touches nothing of TorchSharp, so that libtorch is not loaded.
    private Classifier(ImageClassifier inference)
    {
        (_inference, _classes, _transforms, _owns) = (inference, inference.Classes, inference.Transforms, true);
        _channels = inference.Model.Channels;
    }

    /// <summary>The names of the classes, in the order of the network's outputs.</summary>
    public IReadOnlyList<string> Classes => _classes;

    /// <summary>What computes the network.</summary>
    public PredictionEngine Engine => _inference is null ? PredictionEngine.Torch : PredictionEngine.Inference;

    /// <summary>Opens a trained network with its classes and its preprocessing, ready for use; batch norms are folded.</summary>
    /// <param name="path">
    /// The folder of a run, as <c>train</c> and <see cref="RunFolder"/> write it; its <c>weights.safetensors</c> alone; or a file that
    /// <see cref="ResNetModel.SaveForInference(string, InferenceExportOptions)"/> wrote, which needs no libtorch.
    /// </param>
    /// <param name="device">The device of the network; the CPU by default.</param>
    /// <param name="engine">
    /// What computes the network; null for <see cref="PredictionEngine.Inference"/> on the CPU, and <see cref="PredictionEngine.Torch"/>
    /// on other devices and for networks with weights that are not finite.
    /// </param>
    /// <exception cref="RunFolderException">There is no such folder or file, or it is not a run's.</exception>
    /// <exception cref="WeightsFileException">The weights cannot be read, or the file lacks classes or preprocessing.</exception>
    /// <exception cref="InferenceFileException">A file for inference is damaged, or lacks classes or preprocessing.</exception>
    /// <exception cref="InvalidOptionException">The engine cannot compute the network, or not on this device.</exception>
    public static Classifier Open(string path, Device? device = null, PredictionEngine? engine = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (InferenceModel.IsInferenceFile(path))
        {
            const string Reason = "since the file is for ResNet.Inference: open the run, or its weights.safetensors, for TorchSharp";
            if (engine == PredictionEngine.Torch)
                throw new InvalidOptionException(nameof(Classifier), nameof(engine), engine, $"{PredictionEngine.Inference}, {Reason}");
            if (device is not null && device.type != DeviceType.CPU)
                throw new InvalidOptionException(nameof(Classifier), nameof(device), device, $"cpu, {Reason}");
            return new Classifier(ImageClassifier.Open(path));
        }
        if (File.Exists(path))
        {
            var (network, names, preprocessing) = RunFolder.LoadModel(path, device ?? CPU);
            return Own(network, names, preprocessing, engine);
        }
        var run = RunFolder.Open(path);
        return Own(run.LoadModel(device ?? CPU), run.Classes, run.Settings.Preprocessing, engine);
    }

    /// <summary>Opens a network with its latest published weights; they are downloaded if the cache lacks them.</summary>
    /// <param name="network">The network's name, such as <c>resnet50</c>; see <see cref="PretrainedWeights.Catalogue"/>.</param>
    /// <param name="device">The device of the network; the CPU by default.</param>
    /// <param name="engine">What computes the network; null for the same as in <see cref="Open"/>.</param>
    /// <param name="progress">Receives progress reports of the download.</param>
    /// <param name="cancellationToken">Stops the download; the bytes received so far stay.</param>
    /// <exception cref="InvalidOptionException">
    /// There are no published weights of that name, or the engine does not compute on this device.
    /// </exception>
    /// <exception cref="WeightsDownloadException">The weights cannot be downloaded.</exception>
    public static Classifier Pretrained(
        string network, Device? device = null, PredictionEngine? engine = null, IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var weights = PretrainedWeights.Find(network);
        var model = ResNets.Create(weights, device: device, progress: progress, cancellationToken: cancellationToken).ToChannelsLast();
        return Own(model, weights.Classes, weights.Preprocessing, engine);
    }

    /// <summary>Returns the likeliest classes of a picture, likeliest first.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process it.</exception>
    public IReadOnlyList<Prediction> Classify(string path, int count = DefaultCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var image = ImageDecoder.Open(path, _channels);
        return Classify(image, path, count);
    }

    /// <summary>Returns the likeliest classes of a picture in a stream, such as an upload; nothing is written to disk.</summary>
    /// <param name="contents">The bytes of an image file, from the stream's position to its end.</param>
    /// <param name="name">The picture's name in messages; its ending matters as for <see cref="ImageDecoder"/>.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process it.</exception>
    public IReadOnlyList<Prediction> Classify(Stream contents, string name = DefaultName, int count = DefaultCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var reader = new ImageReader(_channels);
        reader.Open(name, contents);
        return Classify(reader, name, count);
    }

    /// <summary>Returns the likeliest classes of a picture in memory, in the form of a file.</summary>
    /// <param name="file">The bytes of an image file.</param>
    /// <param name="name">The picture's name in messages; its ending matters as for <see cref="ImageDecoder"/>.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process it.</exception>
    public IReadOnlyList<Prediction> Classify(byte[] file, string name = DefaultName, int count = DefaultCount)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Classify(new MemoryStream(file, writable: false), name, count);
    }

    /// <summary>Returns the likeliest classes of a picture's pixels.</summary>
    /// <param name="pixels">
    /// Rows of interleaved channels, 8 bits each: <paramref name="height"/> × <paramref name="width"/> × 3 for colour, red first, or × 1
    /// for a network of grey pictures.
    /// </param>
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit.</exception>
    /// <exception cref="TransformException">A transform cannot process the picture.</exception>
    public IReadOnlyList<Prediction> Classify(ReadOnlyMemory<byte> pixels, int width, int height, int count = DefaultCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Classify(new PictureBuffer(pixels, width, height, _channels), DefaultName, count);
    }

    /// <summary>Returns the likeliest classes of pictures that are preprocessed already.</summary>
    /// <param name="input">The network's input <c>[N, C, H, W]</c>, normalised; it may be of another type or on another device.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <returns>The classes of each picture, likeliest first.</returns>
    /// <exception cref="ArgumentException">The input has another shape, or numbers that are not finite.</exception>
    public IReadOnlyList<IReadOnlyList<Prediction>> Classify(Tensor input, int count = DefaultCount)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        if (_inference is null) return PredictWithTorch(input.to(_model!.Device).to(_model.DType), count);
        var scores = _inference.Model.Compute(input, CancellationToken.None);
        return Rank(_inference, scores.data<float>().ToArray(), count);
    }

    /// <summary>Classifies a picture on another thread; see <see cref="Classify(string, int)"/>.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops it before it begins.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<IReadOnlyList<Prediction>> ClassifyAsync(
        string path, int count = DefaultCount, CancellationToken cancellationToken = default) =>
        Task.Run(() => Classify(path, count), cancellationToken);

    /// <summary>
    /// Reads a picture from a stream and classifies it on another thread; see <see cref="Classify(Stream, string, int)"/>.
    /// </summary>
    /// <param name="contents">The bytes of an image file, from the stream's position to its end.</param>
    /// <param name="name">The picture's name in messages.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <param name="cancellationToken">Stops the reading, and the classification before it begins.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<Prediction>> ClassifyAsync(
        Stream contents, string name = DefaultName, int count = DefaultCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(contents);
        var memory = new MemoryStream();
        await contents.CopyToAsync(memory, cancellationToken).ConfigureAwait(false);
        memory.Position = 0;
        return await Task.Run(() => Classify(memory, name, count), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Classifies many pictures in batches, in their order, and decodes the next batch meanwhile. A picture that cannot be read does not
    /// stop the others: its result has the reason.
    /// </summary>
    /// <param name="paths">The pictures' files, which are enumerated as they are needed.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<ClassifiedPicture> ClassifyAsync(
        IEnumerable<string> paths,
        ClassifierOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        options ??= new ClassifierOptions();
        var (height, width) = _transforms.Size;
        double most = Math.Floor(int.MaxValue / ((double)height * width * _channels));
        Require.That(
            options, options.BatchSize, options.BatchSize <= most,
            $"at most {most:0} for {_transforms.Size} pixels, since a batch is no larger than 2 GiB", nameof(options.BatchSize));
        Task<PictureBatch>? ahead = null;
        try
        {
            foreach (string[] chunk in paths.Chunk(options.BatchSize))
            {
                var ready = ahead;
                ahead = Task.Run(
                    () => PictureBatch.Decode(chunk, _transforms, _channels, options.Workers, cancellationToken),
                    cancellationToken);
                if (ready is null) continue;
                foreach (var result in Results(await ready.ConfigureAwait(false))) yield return result;
                cancellationToken.ThrowIfCancellationRequested();
            }
            if (ahead is null) yield break;
            foreach (var result in Results(await ahead.ConfigureAwait(false))) yield return result;
        }
        finally
        {
            // It may still decode if the caller has stopped the enumeration.
            if (ahead is not null) await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        IReadOnlyList<ClassifiedPicture> Results(PictureBatch batch) =>
            batch.Merge(batch.Count == 0 ? [] : Predict(batch.Pixels, batch.Count, options.Count, cancellationToken));
    }

    /// <summary>Finds the parts of a picture in which the network sees a class (<see cref="GradCam"/>).</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="name">The class to look for; null for the likeliest.</param>
    /// <param name="stage">
    /// The stage whose output is used, from 1; null for the default of <see cref="GradCam.Compute"/>. A classifier that was opened from a
    /// file for inference has no gradients, and uses the last one (<see cref="InferenceModel"/>'s Explain).
    /// </param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process it.</exception>
    /// <exception cref="InvalidOptionException">There is no such class or stage.</exception>
    public Explanation Explain(string path, string? name = null, int? stage = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        int? chosen = name is null ? null : IndexOf(name);
        return _model is null ? ExplainByInference(_inference!, path, chosen, stage) : ExplainByGradients(_model, path, chosen, stage);
    }

    /// <summary>Disposes of the network, if <see cref="Open"/> or <see cref="Pretrained"/> made it.</summary>
    public void Dispose()
    {
        if (!_owns) return;
        _inference?.Dispose();
        _folded?.Dispose();
        _model?.Dispose();
    }

    private static Classifier Own(
        ResNetModel model, IReadOnlyList<string> classes, Preprocessing preprocessing, PredictionEngine? engine)
    {
        try
        {
            return new Classifier(model, classes, preprocessing, engine);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private Explanation ExplainByGradients(ResNetModel model, string path, int? chosen, int? stage)
    {
        using var mode = new EvaluationMode(model);
        using var scope = NewDisposeScope();
        using var image = ImageDecoder.Open(path, _channels);
        var input = ToInput(model, Transform(image, path, out var seen), 1);
        (int Index, double Probability)[] ranked;
        using (no_grad()) ranked = Rank(model.call(input));
        var (index, probability) = chosen is null ? ranked[0] : ranked.First(entry => entry.Index == chosen);
        var map = GradCam.Compute(model, input, [index], stage).cpu();
        return new Explanation(
            path,
            Named(ranked, DefaultCount),
            new Prediction(_classes[index], probability),
            map.data<float>().ToArray(),
            _transforms.Size,
            seen);
    }

    // Touches nothing of TorchSharp, so that libtorch is not loaded.
    private Explanation ExplainByInference(ImageClassifier inference, string path, int? chosen, int? stage)
    {
        int last = inference.Model.Stages;
        if (stage is { } wanted && (last == 0 || wanted != last))
        {
            throw new InvalidOptionException(
                nameof(Classifier), nameof(stage), stage,
                (last > 0 ? $"the last, {last}, " : "left out ")
                + "for a file for inference, which gives no gradients: open the run, or its weights.safetensors, for others");
        }
        using var image = ImageDecoder.Open(path, _channels);
        var pixels = Transform(image, path, out var seen);
        var map = inference.Explain(pixels, chosen, CancellationToken.None);
        return new Explanation(path, map.Predictions, map.Prediction, [.. map.Heat], map.Size, seen);
    }

    private IReadOnlyList<Prediction> Classify(IPixelSource image, string name, int count) =>
        Predict(Transform(image, name, out _), images: 1, count, CancellationToken.None)[0];

    // The classes of each picture [images, H, W, C], likeliest first.
    private IReadOnlyList<Prediction>[] Predict(byte[] pixels, int images, int count, CancellationToken cancellationToken)
    {
        if (_inference is null) return PredictWithTorch(pixels, images, count);
        var (height, width) = _transforms.Size;
        var scores = new float[images * _classes.Count];
        _inference.Model.Run(pixels, images, height, width, scores, cancellationToken);
        return Rank(_inference, scores, count);
    }

    private static IReadOnlyList<Prediction>[] Rank(ImageClassifier inference, float[] scores, int count) =>
        [.. scores.Chunk(inference.Classes.Count).Select(row => inference.Rank(row, count))];

    private IReadOnlyList<Prediction>[] PredictWithTorch(byte[] pixels, int images, int count)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        return PredictWithTorch(ToInput(_model!, pixels, images), count);
    }

    private IReadOnlyList<Prediction>[] PredictWithTorch(Tensor input, int count)
    {
        var model = _folded ?? _model!;
        using var mode = new EvaluationMode(model);
        var logits = model.call(input);
        int kept = Math.Min(count, _classes.Count);
        var (values, indexes) = logits.to(ScalarType.Float32).softmax(1).cpu().topk(kept);
        var (probabilities, labels) = (values.data<float>().ToArray(), indexes.data<long>().ToArray());
        return
        [
            .. Enumerable.Range(0, (int)logits.size(0)).Select(row => (IReadOnlyList<Prediction>)
            [
                .. Enumerable.Range(row * kept, kept).Select(i => new Prediction(_classes[(int)labels[i]], probabilities[i])),
            ]),
        ];
    }

    private int IndexOf(string name)
    {
        for (int i = 0; i < _classes.Count; i++)
        {
            if (_classes[i] == name) return i;
        }
        string known = string.Join(", ", _classes.Take(NamedAtMost));
        throw new InvalidOptionException(
            nameof(Classifier),
            nameof(name),
            name,
            $"one of the network's classes, {known}{(_classes.Count > NamedAtMost ? " and others" : "")}");
    }

    // The pixels [H, W, C] of the network's input.
    private byte[] Transform(IPixelSource image, string path, out SourceArea seen)
    {
        var canvas = new Canvas();
        var pixels = new byte[_transforms.Size.Height * _transforms.Size.Width * image.Channels];
        try
        {
            _transforms.Apply(image, canvas, SplitMix64.For(0), pixels);
        }
        catch (TransformException failure)
        {
            throw new TransformException(path, failure.Reason, failure);
        }
        seen = canvas.Seen;
        return pixels;
    }

    private Tensor ToInput(ResNetModel model, byte[] pixels, int images)
    {
        var batch = tensor(pixels, [images, _transforms.Size.Height, _transforms.Size.Width, _channels]);
        return TensorTransforms.ToInput(_transforms.Normalize, batch, model.Device).to(model.DType);
    }

    // All classes, likeliest first.
    private static (int Index, double Probability)[] Rank(Tensor logits)
    {
        var (values, indexes) = logits.to(ScalarType.Float32).softmax(1).cpu().topk((int)logits.size(1));
        var probabilities = values.data<float>().ToArray();
        return [.. indexes.data<long>().ToArray().Select((index, i) => ((int)index, (double)probabilities[i]))];
    }

    private Prediction[] Named(IEnumerable<(int Index, double Probability)> ranked, int count) =>
        [.. ranked.Take(count).Select(entry => new Prediction(_classes[entry.Index], entry.Probability))];
}
