using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>Classifies single pictures.</summary>
public sealed class Classifier
{
    private const int DefaultCount = 5;

    // The number of class names in the message if a requested class does not exist.
    private const int NamedAtMost = 10;

    private readonly ResNetModel _model;
    private readonly IReadOnlyList<string> _classes;
    private readonly Compose _transforms;

    /// <summary>
    /// Makes a classifier of a trained network and puts the network into evaluation mode. Several threads may then use it at once.
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
        (_model, _classes, _transforms) = (model, classes, transforms);
    }

    /// <summary>Returns the likeliest classes of a picture, likeliest first.</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="count">The maximum number of classes, at least 1. Default: 5.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process it.</exception>
    public IReadOnlyList<Prediction> Classify(string path, int count = DefaultCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var mode = new EvaluationMode(_model);
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        using var image = ImageDecoder.Open(path, _model.Options.InputChannels);
        return Named(Rank(_model.call(Input(image, path, out _))), count);
    }

    /// <summary>Finds the parts of a picture in which the network sees a class (<see cref="GradCam"/>).</summary>
    /// <param name="path">The picture's file.</param>
    /// <param name="name">The class to look for; null for the likeliest.</param>
    /// <param name="stage">The stage whose output is used, from 1; null for the default of <see cref="GradCam.Compute"/>.</param>
    /// <exception cref="ImageDecodingException">The picture cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process it.</exception>
    /// <exception cref="InvalidOptionException">There is no such class or stage.</exception>
    public Explanation Explain(string path, string? name = null, int? stage = null)
    {
        int? chosen = name is null ? null : IndexOf(name);
        using var mode = new EvaluationMode(_model);
        using var scope = NewDisposeScope();
        using var image = ImageDecoder.Open(path, _model.Options.InputChannels);
        var input = Input(image, path, out var seen);
        (int Index, double Probability)[] ranked;
        using (no_grad()) ranked = Rank(_model.call(input));
        var (index, probability) = chosen is null ? ranked[0] : ranked.First(entry => entry.Index == chosen);
        var map = GradCam.Compute(_model, input, [index], stage).cpu();
        return new Explanation(
            path,
            Named(ranked, DefaultCount),
            new Prediction(_classes[index], probability),
            map.data<float>().ToArray(),
            _transforms.Size,
            seen);
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

    private Tensor Input(DecodedImage image, string path, out SourceArea seen)
    {
        var canvas = new Canvas();
        var pixels = empty([1, _transforms.Size.Height, _transforms.Size.Width, image.Channels], ScalarType.Byte);
        try
        {
            _transforms.Apply(image, canvas, SplitMix64.For(0), pixels.bytes);
        }
        catch (TransformException failure)
        {
            throw new TransformException(path, failure.Reason, failure);
        }
        seen = canvas.Seen;
        return TensorTransforms.ToInput(_transforms.Normalize, pixels, _model.Device).to(_model.DType);
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
