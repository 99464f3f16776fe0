namespace ResNet.Training.Optimization;

/// <summary>
/// Stochastic gradient descent with momentum (Sutskever et al. 2013), as
/// <c>torch.optim.SGD</c> computes it; weight decay is the L2 penalty's factor.
/// </summary>
public sealed record Sgd : OptimizerOptions
{
    /// <summary>Learning rate 0.05, weight decay 5·10⁻⁴, Nesterov momentum 0.9.</summary>
    public Sgd() : base(learningRate: 0.05, weightDecay: 5e-4)
    {
    }

    /// <summary>Momentum, at least 0 and less than 1. Default: 0.9.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Momentum
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.9;

    /// <summary>Whether the momentum is Nesterov's. Default: true. Without momentum it makes no difference.</summary>
    public bool Nesterov { get; init; } = true;
}
