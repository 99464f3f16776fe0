namespace ResNet.Inference.Kernels;

/// <summary>Some output channels of a convolution, whose weights lie together: as many as a tile is wide.</summary>
/// <param name="Column">The first output channel.</param>
/// <param name="Vectors">The width: 1, 2 or 4 vectors.</param>
/// <param name="Input">The first input channel; not 0 in grouped convolutions only.</param>
/// <param name="Weights">The first weight <c>[taps, depth, width]</c>, in floats from the beginning.</param>
internal readonly record struct Panel(int Column, int Vectors, int Input, long Weights);
