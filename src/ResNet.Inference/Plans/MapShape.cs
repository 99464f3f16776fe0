namespace ResNet.Inference.Plans;

/// <summary>The shape of a value, for one image.</summary>
internal readonly record struct MapShape(int Channels, int Height, int Width);
