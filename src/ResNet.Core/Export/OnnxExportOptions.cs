using ResNet.Core.Weights;

namespace ResNet.Core.Export;

/// <summary>The content of an ONNX file besides the network.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// The names of the classes in the order of the outputs. The metadata has them as a JSON list under <c>classes</c>. Default: null,
    /// no names.
    /// </summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>
    /// The preprocessing of images. The metadata has it as a JSON object under <c>preprocessing</c> with <c>resize</c>, <c>crop</c>,
    /// <c>interpolation</c>, <c>mean</c> and <c>deviation</c>. Default: null, nothing is said.
    /// </summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>
    /// Whether the file does the <see cref="Preprocessing"/> itself and takes pixels, instead of normalised images: <c>pixels</c>, bytes
    /// <c>[N, H, W, C]</c> of any height and width, as decoders give them. Default: false.
    /// </summary>
    public bool TakesPixels { get; init; }

    /// <summary>Whether the output is <c>probabilities</c>, the softmax of the <c>logits</c>, instead of these. Default: false.</summary>
    public bool GivesProbabilities { get; init; }
}
