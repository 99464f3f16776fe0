using System.Runtime.CompilerServices;

// Tests count the tensors of the whole process and seed its only random number generator.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ResNet.Core.Tests;

internal static class AssemblyInfo
{
    // Before any test loads libtorch.
    [ModuleInitializer]
    internal static void Initialize() => LibTorchThreads.LimitSpinning();
}
