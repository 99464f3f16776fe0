namespace ResNet.Parity.Tests;

/// <summary>A test that compares with PyTorch: skipped if PyTorch is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ParityTheoryAttribute : TheoryAttribute
{
    public ParityTheoryAttribute() => Skip = Reference.Missing;
}
