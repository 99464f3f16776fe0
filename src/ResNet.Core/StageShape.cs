namespace ResNet.Core;

/// <summary>The shape of one of the outputs of <see cref="ResNetModel.ForwardStages"/>.</summary>
/// <param name="Name"><c>stem</c>, <c>layer1</c>, <c>layer2</c> and so on.</param>
/// <param name="Channels">Its channels.</param>
/// <param name="Reduction">How many times smaller than the input it is, rounded up.</param>
public sealed record StageShape(string Name, int Channels, int Reduction);
