namespace ResNet.Training.Optimization;

/// <summary>
/// Stochastic gradient descent with momentum (Sutskever et al. 2013), as in <c>torch.optim.SGD</c>; weight decay is the factor of the L2
/// penalty.
/// </summary>
public sealed record Sgd : OptimizerOptions
{
    /// <summary>Makes options with learning rate 0.05, weight decay 5·10⁻⁴ and Nesterov momentum 0.9.</summary>
    public Sgd() : base(learningRate: 0.05, weightDecay: 5e-4)
    {
    }

    /// <summary>The momentum, at least 0 and less than 1. Default: 0.9.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Momentum
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.9;

    /// <summary>Whether the momentum is Nesterov's. Default: true. Without momentum it makes no difference.</summary>
    public bool Nesterov { get; init; } = true;
}
