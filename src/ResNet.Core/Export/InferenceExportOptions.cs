using ResNet.Core.Weights;

namespace ResNet.Core.Export;

/// <summary>The content of a file for inference besides the network.</summary>
public sealed record InferenceExportOptions
{
    /// <summary>The names of the classes in the order of the outputs. Default: null, no names.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>The preprocessing of images. Default: null, none.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>The licence of the weights, such as <c>Apache-2.0</c>. Default: null, none.</summary>
    public string? License { get; init; }
}
