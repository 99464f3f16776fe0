namespace ResNet.Testing;

/// <summary>Tests that take many minutes.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongTheoryAttribute : TheoryAttribute
{
    public LongTheoryAttribute() => Skip = LongTests.AreWanted ? null : "It takes many minutes: ./build.sh test --long runs it.";
}
