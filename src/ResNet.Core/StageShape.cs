namespace ResNet.Core;

/// <summary>The shape of one of the outputs of <see cref="ResNetModel.ForwardStages"/>.</summary>
/// <param name="Name"><c>stem</c>, <c>layer1</c>, <c>layer2</c> and so on.</param>
/// <param name="Channels">Its channels.</param>
/// <param name="Reduction">The ratio of the input's size to its size, rounded up.</param>
public sealed record StageShape(string Name, int Channels, int Reduction);
