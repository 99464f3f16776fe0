namespace ResNet.Testing;

/// <summary>A test that takes many minutes.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute() => Skip = LongTests.AreWanted ? null : "It takes many minutes: ./build.sh test --long runs it.";
}
