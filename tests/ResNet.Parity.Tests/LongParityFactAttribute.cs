using ResNet.Testing;

namespace ResNet.Parity.Tests;

/// <summary>A test that trains on CIFAR-10 here and in PyTorch for an hour or more; it runs on request only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongParityFactAttribute : FactAttribute
{
    public LongParityFactAttribute() => Skip =
        !LongTests.AreWanted ? "It takes an hour or more: set RESNET_LONG_TESTS=1 to run it."
        : Cifar.Folder is null ? Cifar.Missing
        : Reference.Missing;
}
