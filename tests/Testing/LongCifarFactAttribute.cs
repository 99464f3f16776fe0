namespace ResNet.Testing;

/// <summary>A test that trains on CIFAR-10 for many minutes.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongCifarFactAttribute : FactAttribute
{
    public LongCifarFactAttribute() =>
        Skip = !LongTests.AreWanted ? new LongFactAttribute().Skip : Cifar.Folder is null ? Cifar.Missing : null;
}
