namespace ResNet.Training.Loading.Transforms;

/// <summary>Mixes some of the batches, each by an amount from a beta distribution: what Mixup and CutMix have in common.</summary>
public abstract record PairTransform : BatchTransform
{
    private protected PairTransform(double p, double alpha) =>
        (P, Alpha) = (Require.Probability(this, p, nameof(P)), Require.Positive(this, alpha, nameof(Alpha)));

    /// <summary>The probability with which a batch is mixed, from 0 to 1.</summary>
    public double P { get; }

    /// <summary>
    /// Both parameters of the beta distribution of the amount, more than 0: with small values one of the images dominates.
    /// </summary>
    public double Alpha { get; }
}
