namespace ResNet.Training.Optimization;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101), as in <c>torch.optim.AdamW</c>.
/// </summary>
public sealed record AdamW : AdaptiveOptimizerOptions
{
    /// <summary>Makes options with PyTorch's defaults: learning rate 10⁻³, weight decay 10⁻².</summary>
    public AdamW() : base(learningRate: 1e-3, weightDecay: 1e-2, epsilon: 1e-8)
    {
    }
}
