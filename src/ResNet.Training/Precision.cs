namespace ResNet.Training;

/// <summary>
/// What a network computes in while it trains. Weights, norms, loss and everything the optimizer remembers are float32 in each case.
/// </summary>
public enum Precision
{
    /// <summary>Everything in the network's own type, float32 as a rule.</summary>
    Full,

    /// <summary>
    /// Convolutions and linear layers in bfloat16. On a CPU without instructions
    /// for it, the run stays with the network's own type and says so.
    /// </summary>
    BFloat16,

    /// <summary>
    /// Convolutions and linear layers in float16, with dynamic loss scaling
    /// (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740). Needs CUDA.
    /// </summary>
    Half,
}
