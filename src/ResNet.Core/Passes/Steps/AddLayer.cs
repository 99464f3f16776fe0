using ResNet.Core.Inspection;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Steps;

/// <summary>A sum without a norm before it, as in pre-activation networks.</summary>
internal sealed unsafe class AddLayer : PassLayer
{
    private readonly Work _forward;
    private readonly Work _backward;

    /// <param name="set">The kernels of inference.</param>
    /// <param name="kernels">The kernels of training.</param>
    /// <param name="input">A summand.</param>
    /// <param name="added">The other one.</param>
    /// <param name="output">The sum.</param>
    /// <param name="adds">Whether the first summand already has a gradient.</param>
    /// <param name="addsAdded">Whether the other one already has one.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal AddLayer(
        KernelSet set, PassKernels kernels, PassMap input, PassMap added, PassMap output, bool adds, bool addsAdded, int threads)
    {
        int pitch = output.Pitch;
        _forward = RowsWork.Of(output.Pixels, threads, pixels => set.Pointwise(
            input.Data, scale: null, shift: null, added.Data, relu: false, pitch, output.Data, pixels));
        _backward = RowsWork.Of(output.Pixels, threads, pixels =>
        {
            long first = (long)pixels.Start.Value * pitch;
            int count = pixels.End.Value - pixels.Start.Value;
            float* source = output.Gradient + first;
            // The gradient of the sum may be in the same place.
            if (input.Gradient != output.Gradient) kernels.Move(source, pitch, input.Gradient + first, pitch, count, pitch, adds);
            kernels.Move(source, pitch, added.Gradient + first, pitch, count, pitch, addsAdded);
        });
    }

    internal override void Forward(PassThreads threads) => threads.Run(_forward, TrainingWorkKind.Add);

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients) => threads.Run(_backward, TrainingWorkKind.Add);
}
