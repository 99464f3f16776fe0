namespace ResNet.Training;

/// <summary>
/// The precision of a network's computations in training. Weights, norms, loss and the optimizer's state are always float32.
/// </summary>
public enum Precision
{
    /// <summary>The network's own type for everything, usually float32.</summary>
    Full,

    /// <summary>
    /// Convolutions and linear layers in bfloat16. On a CPU without instructions for it, the run uses the network's own type and logs this.
    /// </summary>
    BFloat16,

    /// <summary>
    /// Convolutions and linear layers in float16, with dynamic loss scaling
    /// (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740). Needs CUDA.
    /// </summary>
    Half,
}
