namespace ResNet.Core.Passes;

/// <summary>The size of a batch of images.</summary>
internal readonly record struct PassSize(int Images, int Channels, int Height, int Width);
