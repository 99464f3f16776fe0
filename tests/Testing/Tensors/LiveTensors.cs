using static TorchSharp.torch;

namespace ResNet.Testing;

internal static class LiveTensors
{
    /// <summary>Counts the live tensors after collecting the garbage of earlier tests.</summary>
    /// <param name="parametersMade">
    /// The number of parameters that were made since the previous count. TorchSharp counts both a parameter and its tensor when they are
    /// made, but only one of the two when they are disposed.
    /// </param>
    internal static long Count(long parametersMade = 0)
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.TotalCount - parametersMade;
    }
}
