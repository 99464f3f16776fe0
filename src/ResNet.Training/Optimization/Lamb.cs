namespace ResNet.Training.Optimization;

/// <summary>
/// Layer-wise adaptive moments for large batches (You et al. 2020, https://arxiv.org/abs/1904.00962), with bias correction, and with the
/// trust ratio for the parameters that decay, as timm computes it.
/// </summary>
public sealed record Lamb : AdaptiveOptimizerOptions
{
    /// <summary>Learning rate 5·10⁻³, weight decay 10⁻²: those of timm's ResNet-50 recipes, for batches of 2,048.</summary>
    public Lamb() : base(learningRate: 5e-3, weightDecay: 1e-2, epsilon: 1e-6)
    {
    }

    /// <summary>
    /// The largest norm of all gradients together; larger ones are scaled down to it before anything else. More than 0. Default: 1, as in
    /// timm and so in its ResNet-50 recipes; null for any.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? MaximumNorm
    {
        get;
        init => field = Require.Positive(this, value);
    } = 1;
}
