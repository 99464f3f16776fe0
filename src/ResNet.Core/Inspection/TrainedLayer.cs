namespace ResNet.Core.Inspection;

/// <summary>How kernels of this library compute a layer in training.</summary>
/// <param name="Name">Its path in the network: <c>layer1.0.conv1</c>; for what has no module of its own, what it does.</param>
/// <param name="Type"><c>convolution</c>, <c>norm</c>, <c>pooling</c>, <c>shortcut</c> or <c>sum</c>.</param>
/// <param name="OutputShape"><c>[N, C, H, W]</c>.</param>
/// <param name="Forward">
/// The algorithm of a convolution: <c>direct</c>, <c>Winograd F(2×2)</c> or <c>Winograd F(4×4)</c>; of a norm, what is computed with it:
/// <c>with sum and ReLU</c>.
/// </param>
/// <param name="InputGradient">The algorithm of the gradient for a convolution's input; null if there is none.</param>
/// <param name="WeightGradient">The algorithm of the gradient for a convolution's weights; null for other layers.</param>
public sealed record TrainedLayer(
    string Name, string Type, IReadOnlyList<long> OutputShape, string Forward, string? InputGradient = null, string? WeightGradient = null);
