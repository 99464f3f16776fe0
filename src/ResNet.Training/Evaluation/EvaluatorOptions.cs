namespace ResNet.Training.Evaluation;

/// <summary>The options of an evaluation. A bad value is refused when it is set.</summary>
public sealed record EvaluatorOptions
{
    /// <summary>
    /// Whether each image is also evaluated mirrored left to right. The two probabilities are averaged, as Krizhevsky et al.
    /// 2012 average the probabilities of an image's crops. Doubles the time. Default: false.
    /// </summary>
    public bool Flips { get; init; }

    /// <summary>
    /// What computes the network, if it is a <see cref="ResNet.Core.ResNetModel"/>; null for <see cref="PredictionEngine.Inference"/>
    /// wherever it can compute the network and TorchSharp would compute on the CPU too. Default: <see cref="PredictionEngine.Torch"/>, the
    /// layers as they train.
    /// </summary>
    public PredictionEngine? Engine { get; init; } = PredictionEngine.Torch;

    /// <summary>
    /// The index of the class of two that <see cref="EvaluationResult.Binary"/> calls positive, 0 or 1. Default: 1, the second one.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is neither 0 nor 1.</exception>
    public int PositiveClass
    {
        get;
        init => field = Require.Between(this, value, 0, 1);
    } = 1;

    /// <summary>The number of the most confident mistakes to list, at least 0. Default: 12.</summary>
    /// <exception cref="InvalidOptionException">The value is negative.</exception>
    public int MistakeCount
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    } = 12;
}
