using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>A test that compares with PyTorch: skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ParityTheoryAttribute : TheoryAttribute
{
    public ParityTheoryAttribute() => Skip = Reference.Missing;

    /// <summary>Whether the test needs both sides to run on the very same libtorch: the system's, not that of TorchSharp's packages.</summary>
    public bool SameLibtorch
    {
        get;
        set
        {
            field = value;
            if (value && typeof(Tensor).Assembly.GetName().Name != "TorchSharp.System")
                Skip ??= "It needs the libtorch that Python uses: build with TORCH_ENGINE=System.";
        }
    }
}
