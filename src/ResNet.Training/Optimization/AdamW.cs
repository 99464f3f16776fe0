namespace ResNet.Training.Optimization;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019,
/// https://arxiv.org/abs/1711.05101), as <c>torch.optim.AdamW</c> computes it.
/// </summary>
public sealed record AdamW : AdaptiveOptimizerOptions
{
    /// <summary>Learning rate 10⁻³, weight decay 10⁻²: PyTorch's defaults.</summary>
    public AdamW() : base(learningRate: 1e-3, weightDecay: 1e-2, epsilon: 1e-8)
    {
    }
}
