using static TorchSharp.torch;

namespace ResNet.Testing;

internal static class RandomNorms
{
    /// <summary>Gives norms random weights and statistics, so that each has an effect on the output, and no signal vanishes.</summary>
    internal static void Draw(nn.Module network)
    {
        using var _ = no_grad();
        foreach (var (name, value) in network.state_dict())
        {
            if (name.EndsWith("running_mean", StringComparison.Ordinal)) value.normal_(0, 0.2);
            else if (name.EndsWith("running_var", StringComparison.Ordinal)) value.uniform_(0.5, 2);
            else if (value.ndim == 1 && name.EndsWith("weight", StringComparison.Ordinal)) value.uniform_(0.3, 1);
            else if (value.ndim == 1 && name.EndsWith("bias", StringComparison.Ordinal)) value.normal_(0, 0.2);
        }
    }
}
