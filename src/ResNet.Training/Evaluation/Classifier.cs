using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Training.Data;
using ResNet.Training.Data.Imaging;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>Says what single pictures show.</summary>
public sealed class Classifier
{
    private const int DefaultCount = 5;

    private readonly ResNetModel _model;
    private readonly IReadOnlyList<string> _classes;
    private readonly ImageLoaderOptions _options;
    private readonly Normalization _normalization;

    /// <summary>A classifier around a trained network, which it puts into evaluation mode: several threads may then ask it at once.</summary>
    /// <param name="model">The network.</param>
    /// <param name="classes">The names of its classes, in order.</param>
    /// <param name="options">Size and channels of its input, and to what pictures are resized before; the rest does not matter.</param>
    /// <param name="normalization">What it was trained with.</param>
    /// <exception cref="ArgumentException">The number of classes is not the network's.</exception>
    public Classifier(ResNetModel model, IReadOnlyList<string> classes, ImageLoaderOptions options, Normalization normalization)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(normalization);
        if (classes.Count != model.Options.Classes)
            throw new ArgumentException($"There are {classes.Count} class names, but the network tells {model.Options.Classes} classes apart.", nameof(classes));
        model.eval();
        (_model, _classes, _options, _normalization) = (model, classes, options, normalization);
    }

    /// <summary>The likeliest classes of a picture, likeliest first.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">How many classes at the most, at least 1. Default: 5.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    public IReadOnlyList<Prediction> Classify(string path, int count = DefaultCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var mode = new EvaluationMode(_model);
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        using var image = ImageDecoder.Open(path, _options.Channels);
        return Named(Rank(_model.call(Input(image))), count);
    }

    /// <summary>Where in a picture the network sees a class (<see cref="GradCam"/>).</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="name">The class to look for; null for the likeliest.</param>
    /// <param name="stage">The stage whose output is looked at, from 1; null for the last.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="ArgumentException">There is no such class.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such stage.</exception>
    public Explanation Explain(string path, string? name = null, int? stage = null)
    {
        int? chosen = name is null ? null : IndexOf(name);
        using var mode = new EvaluationMode(_model);
        using var scope = NewDisposeScope();
        using var image = ImageDecoder.Open(path, _options.Channels);
        var input = Input(image);
        (int Index, double Probability)[] ranked;
        using (no_grad()) ranked = Rank(_model.call(input));
        var (index, probability) = chosen is null ? ranked[0] : ranked.First(entry => entry.Index == chosen);
        var map = GradCam.Compute(_model, input, [index], stage).cpu();
        // The middle of the picture that the network gets to see, as a part of the picture's shorter side.
        double seen = (double)_options.ImageSize / ResizeTo;
        return new Explanation(
            path, Named(ranked, DefaultCount), new Prediction(_classes[index], probability), map.data<float>().ToArray(), _options.ImageSize, seen);
    }

    private int ResizeTo => Math.Max(_options.ResizeTo, _options.ImageSize);

    private int IndexOf(string name)
    {
        for (int i = 0; i < _classes.Count; i++)
        {
            if (_classes[i] == name) return i;
        }
        throw new ArgumentException($"There is no class '{name}': the network knows {string.Join(", ", _classes.Take(10))}{(_classes.Count > 10 ? " and others" : "")}.", nameof(name));
    }

    private Tensor Input(DecodedImage image)
    {
        int size = _options.ImageSize;
        var pixels = empty([1, size, size, _options.Channels], ScalarType.Byte);
        image.ResizeCenterCropInto(ResizeTo, size, size, flipHorizontally: false, pixels.bytes);
        return _normalization.Apply(pixels, _model.Device).to(_model.DType);
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
