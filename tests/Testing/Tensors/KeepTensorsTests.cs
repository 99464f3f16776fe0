using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace ResNet.Testing;

public sealed class KeepTensorsTests
{
    [Fact]
    public void The_collector_frees_no_tensor_of_a_running_test()
    {
        var tensor = Leave();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        tensor.IsAlive.Should().BeTrue();

        // A separate method, so that no stack frame references the tensor.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Leave() => new(zeros(1));
    }
}
