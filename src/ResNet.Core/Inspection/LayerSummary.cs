namespace ResNet.Core.Inspection;

/// <summary>A layer of a network and its cost.</summary>
/// <param name="Name">Its path in the network: <c>layer1.0.conv1</c>.</param>
/// <param name="Type">The type of the layer: <c>Conv2d</c>.</param>
/// <param name="InputShape">For example <c>[N, C, H, W]</c>.</param>
/// <param name="OutputShape">For example <c>[N, C, H, W]</c>.</param>
/// <param name="Parameters">The number of its parameters.</param>
/// <param name="MultiplyAdds">
/// Multiply-add operations of convolutions and linear layers; those of other layers are not counted, as is customary.
/// </param>
/// <param name="ActivationBytes">Memory of its output.</param>
public sealed record LayerSummary(
    string Name, string Type, IReadOnlyList<long> InputShape, IReadOnlyList<long> OutputShape,
    long Parameters, long MultiplyAdds, long ActivationBytes);
