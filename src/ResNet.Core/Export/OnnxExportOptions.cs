using ResNet.Core.Weights;

namespace ResNet.Core.Export;

/// <summary>The content of an ONNX file besides the network.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// The names of the classes in the order of the outputs, stored in the metadata as a JSON list under <c>classes</c>. Default: null,
    /// no names.
    /// </summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>
    /// The preprocessing of images, stored in the metadata as a JSON object under <c>preprocessing</c> with <c>resize</c>, <c>crop</c>,
    /// <c>interpolation</c>, <c>mean</c> and <c>deviation</c>. Default: null, no entry.
    /// </summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>
    /// Whether the file includes the <see cref="Preprocessing"/> and takes pixels instead of normalised images: <c>pixels</c>, bytes
    /// <c>[N, H, W, C]</c> of any height and width, as decoders return them. Default: false.
    /// </summary>
    public bool TakesPixels { get; init; }

    /// <summary>Whether the output is <c>probabilities</c>, the softmax of the logits, instead of <c>logits</c>. Default: false.</summary>
    public bool GivesProbabilities { get; init; }
}
