using static TorchSharp.torch;

namespace ResNet.Tests;

internal static class LiveTensors
{
    /// <summary>How many tensors there are once the collector has taken what earlier tests left to it: what to count from.</summary>
    internal static long Count()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.TotalCount;
    }
}
