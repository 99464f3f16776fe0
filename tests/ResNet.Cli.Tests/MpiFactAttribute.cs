namespace ResNet.Cli.Tests;

/// <summary>A test that needs Open MPI.</summary>
internal sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute()
    {
        if (!File.Exists("/usr/bin/mpirun")) Skip = "Open MPI is not installed: apt-get install openmpi-bin.";
    }
}
