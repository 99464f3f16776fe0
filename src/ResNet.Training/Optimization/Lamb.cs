namespace ResNet.Training.Optimization;

/// <summary>
/// Layer-wise adaptive moments for large batches (You et al. 2020, https://arxiv.org/abs/1904.00962), with bias correction, and with a
/// trust ratio for parameters with weight decay, as in timm.
/// </summary>
public sealed record Lamb : AdaptiveOptimizerOptions
{
    /// <summary>
    /// Makes options with learning rate 5·10⁻³ and weight decay 10⁻², as in timm's ResNet-50 recipes for batches of 2,048.
    /// </summary>
    public Lamb() : base(learningRate: 5e-3, weightDecay: 1e-2, epsilon: 1e-6)
    {
    }

    /// <summary>
    /// The maximum norm of all gradients together, more than 0; larger ones are scaled down first. Default: 1, as in timm and its ResNet-50
    /// recipes; null for no limit.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? MaximumNorm
    {
        get;
        init => field = Require.Positive(this, value);
    } = 1;
}
