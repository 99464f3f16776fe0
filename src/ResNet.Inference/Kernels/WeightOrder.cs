namespace ResNet.Inference.Kernels;

/// <summary>The order of the weights of a convolution in memory.</summary>
/// <param name="Output">The floats from an output channel to the next.</param>
/// <param name="Input">The floats from an input channel to the next.</param>
/// <param name="IsTurned">Whether the kernels are turned round: their last tap is the first one.</param>
internal readonly record struct WeightOrder(long Output, long Input, bool IsTurned);
