namespace ResNet.Parity.Tests;

/// <summary>A test that compares with ONNX Runtime: skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnnxTheoryAttribute : TheoryAttribute
{
    public OnnxTheoryAttribute() => Skip = OnnxRuntime.Missing;
}
