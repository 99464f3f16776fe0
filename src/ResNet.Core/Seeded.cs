using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>Draws initial weights by a seed, without a trace in torch's generator of random numbers.</summary>
internal static class Seeded
{
    /// <summary>Makes a network with weights of the seed; of torch's own generator if there is none.</summary>
    internal static ResNetModel Create(long? seed, Func<ResNetModel> create)
    {
        if (seed is not { } number) return create();
        using var generator = Generator.Default;
        using var state = generator.get_state();
        try
        {
            manual_seed(number).Dispose();
            return create();
        }
        finally
        {
            generator.set_state(state);
        }
    }
}
