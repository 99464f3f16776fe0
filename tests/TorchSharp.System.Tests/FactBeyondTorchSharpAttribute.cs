namespace TorchSharp.Tests;

/// <summary>
/// Marks a test of what PyTorch does and the stand-in too, but TorchSharp 0.106 does not: skipped where the tests run
/// against TorchSharp itself. The libraries must not depend on it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactBeyondTorchSharpAttribute : FactAttribute
{
    public FactBeyondTorchSharpAttribute(string whatTorchSharpDoes)
    {
        if (typeof(torch).Assembly.GetName().Name != "TorchSharp.System") Skip = "TorchSharp " + whatTorchSharpDoes;
    }
}
