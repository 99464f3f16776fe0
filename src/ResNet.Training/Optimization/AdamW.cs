namespace ResNet.Training.Optimization;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101), as <c>torch.optim.AdamW</c> computes it.</summary>
public sealed record AdamW : OptimizerOptions
{
    /// <summary>Learning rate 10⁻³, weight decay 10⁻²: PyTorch's defaults.</summary>
    public AdamW() : base(learningRate: 1e-3, weightDecay: 1e-2)
    {
    }

    /// <summary>How much of the mean of gradients stays from step to step, at least 0 and less than 1. Default: 0.9.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double Beta1
    {
        get;
        init => field = Require.LessThan(value, 0, 1, $"{nameof(AdamW)}.{nameof(Beta1)}");
    } = 0.9;

    /// <summary>How much of the mean of squared gradients stays from step to step, at least 0 and less than 1. Default: 0.999.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double Beta2
    {
        get;
        init => field = Require.LessThan(value, 0, 1, $"{nameof(AdamW)}.{nameof(Beta2)}");
    } = 0.999;

    /// <summary>What is added to the root that is divided by, more than 0. Default: 10⁻⁸.</summary>
    /// <exception cref="ArgumentException">The value is not a positive number.</exception>
    public double Epsilon
    {
        get;
        init => field = Require.Positive(value, $"{nameof(AdamW)}.{nameof(Epsilon)}");
    } = 1e-8;
}
