using ResNet.Core.Passes.Threads;
using static TorchSharp.torch;

namespace ResNet.Core.Passes.Steps;

/// <summary>A step of a pass with its memory: computes the step forward and its gradients.</summary>
internal abstract unsafe class PassLayer : IDisposable
{
    /// <summary>The parameters, whose gradients <see cref="Backward"/> gives in this order.</summary>
    internal virtual IReadOnlyList<Tensor> Parameters => [];

    /// <summary>Computes the output from the input.</summary>
    internal abstract void Forward(PassThreads threads);

    /// <summary>Computes the gradients of the input, of what the step adds, and of the parameters, from the output's.</summary>
    /// <param name="threads">The threads.</param>
    /// <param name="gradients">Memory for the gradient of each parameter; 0 where it is not needed.</param>
    internal abstract void Backward(PassThreads threads, ReadOnlySpan<nint> gradients);

    public virtual void Dispose()
    {
    }

    /// <summary>The address of a tensor's numbers, which lie together in the order of its shape.</summary>
    internal static float* AddressOf(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Float32) throw new InvalidOperationException($"A tensor is {tensor.dtype} in place of Float32.");
        fixed (byte* address = tensor.bytes) return (float*)address;
    }
}
