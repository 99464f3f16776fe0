namespace ResNet.Testing;

/// <summary>Tests that take many minutes run with <c>./build.sh test --long</c> only.</summary>
internal static class LongTests
{
    /// <summary>Whether long tests run.</summary>
    internal static bool AreWanted { get; } = Environment.GetEnvironmentVariable("RESNET_LONG_TESTS") == "1";
}
