namespace ResNet.Inference.Kernels;

/// <summary>The end of a convolution: bias, sum and ReLU, on the way from the registers to memory.</summary>
/// <param name="Bias">A float for each output channel.</param>
/// <param name="Add">A map of the output's shape that is added; null for none.</param>
/// <param name="Relu">Whether negative numbers become 0.</param>
internal readonly unsafe record struct Epilogue(nint Bias, nint Add, bool Relu)
{
    internal float* BiasOf(int column) => (float*)Bias + column;

    /// <summary>What is added at a place of the output; null for nothing.</summary>
    internal float* AddOf(long place) => Add == 0 ? null : (float*)Add + place;
}
