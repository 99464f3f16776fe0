using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Data.Imaging;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>Says what single pictures show.</summary>
public sealed class Classifier
{
    private readonly ResNetModel _model;
    private readonly IReadOnlyList<string> _classes;
    private readonly ImageLoaderOptions _options;
    private readonly Normalization _normalization;

    /// <summary>A classifier around a trained network, which it puts into evaluation mode when it is asked.</summary>
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
        (_model, _classes, _options, _normalization) = (model, classes, options, normalization);
    }

    /// <summary>The likeliest classes of a picture, likeliest first.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">How many classes at the most, at least 1. Default: 5.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    public IReadOnlyList<Prediction> Classify(string path, int count = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _model.eval();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        int size = _options.ImageSize;
        var pixels = empty([1, size, size, _options.Channels], ScalarType.Byte);
        using (var image = ImageDecoder.Open(path, _options.Channels))
            image.ResizeCenterCropInto(Math.Max(_options.ResizeTo, size), size, size, flipHorizontally: false, pixels.bytes);

        var logits = _model.call(_normalization.Apply(pixels, _model.Device));
        var (values, indexes) = logits.softmax(1).cpu().topk(Math.Min(count, _classes.Count));
        var probabilities = values.data<float>().ToArray();
        var ranked = indexes.data<long>().ToArray();
        return [.. ranked.Select((index, i) => new Prediction(_classes[(int)index], probabilities[i]))];
    }
}
