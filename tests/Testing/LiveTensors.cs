using static TorchSharp.torch;

namespace ResNet.Testing;

internal static class LiveTensors
{
    /// <summary>How many tensors there are once the collector has taken what earlier tests left to it: what to count from.</summary>
    /// <param name="parametersMade">
    /// How many parameters were made since the count to compare with. TorchSharp counts the tensor that
    /// becomes a parameter and the parameter, but only one of the two when it is disposed of.
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
