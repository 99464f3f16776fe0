using ResNet.Core.Passes.Threads;
namespace ResNet.Core.Passes.Convolutions;

/// <summary>
/// The gradient of a convolution for its weights: for each tap, input and output channel the sum, over all pixels of the output, of the
/// output's gradient times the input that the tap lies on.
/// </summary>
/// <remarks>Each thread has its own weights, for all pixels, so the sums do not depend on the number of threads.</remarks>
internal unsafe interface IWeightGradient
{
    /// <summary>Computes the gradient.</summary>
    /// <param name="threads">The threads.</param>
    /// <param name="target">Memory for the weights' gradients, in the order of the weights.</param>
    void Compute(PassThreads threads, float* target);
}
