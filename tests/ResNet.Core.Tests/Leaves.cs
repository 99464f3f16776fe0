using static TorchSharp.torch;

namespace ResNet.Core.Tests;

internal static class Leaves
{
    /// <summary>Returns the modules without children, in their order.</summary>
    internal static IEnumerable<nn.Module> Of(nn.Module module)
    {
        var children = module.named_children().Select(child => child.module).ToList();
        return children.Count == 0 ? [module] : children.SelectMany(Of);
    }
}
