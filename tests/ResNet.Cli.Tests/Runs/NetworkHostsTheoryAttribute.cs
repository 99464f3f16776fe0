namespace ResNet.Cli.Tests.Runs;

/// <summary>A test that needs Open MPI and several hosts, in whose place there are network namespaces.</summary>
internal sealed class NetworkHostsTheoryAttribute : TheoryAttribute
{
    public NetworkHostsTheoryAttribute()
    {
        if (new MpiFactAttribute().Skip is { } reason) Skip = reason;
        else if (!NetworkHosts.CanBeMade) Skip = "Network namespaces cannot be made: that takes root, and the package iproute2.";
    }
}
