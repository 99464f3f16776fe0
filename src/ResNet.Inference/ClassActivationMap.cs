using ResNet.Imaging;

namespace ResNet.Inference;

/// <summary>The parts of a picture in which a network sees a class.</summary>
public sealed class ClassActivationMap
{
    private readonly float[] _heat;

    internal ClassActivationMap(IReadOnlyList<Prediction> predictions, Prediction prediction, ImageSize size, float[] heat) =>
        (Predictions, Prediction, Size, _heat) = (predictions, prediction, size, heat);

    /// <summary>The likeliest classes, likeliest first, at most five.</summary>
    public IReadOnlyList<Prediction> Predictions { get; }

    /// <summary>The explained class and its probability.</summary>
    public Prediction Prediction { get; }

    /// <summary>Height and width of <see cref="Heat"/>: the network's input in pixels.</summary>
    public ImageSize Size { get; }

    /// <summary>
    /// The map over the part of the picture in the network's input, row by row: a value from 0 (no evidence for the class) to 1 (the most
    /// evidence) for each pixel of <see cref="Size"/>.
    /// </summary>
    public IReadOnlyList<float> Heat => _heat;
}
