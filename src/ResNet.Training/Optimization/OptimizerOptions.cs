using System.Text.Json.Serialization;
using ResNet.Training.TrainingLoop;

namespace ResNet.Training.Optimization;

/// <summary>
/// The options of an optimizer: <see cref="Sgd"/>, <see cref="AdamW"/> or <see cref="Lamb"/>. A bad value is refused when it is set.
/// </summary>
[JsonDerivedType(typeof(Sgd), "sgd")]
[JsonDerivedType(typeof(AdamW), "adamw")]
[JsonDerivedType(typeof(Lamb), "lamb")]
public abstract record OptimizerOptions
{
    private protected OptimizerOptions(double learningRate, double weightDecay) =>
        (LearningRate, WeightDecay) = (learningRate, weightDecay);

    /// <summary>The highest learning rate, more than 0; <see cref="TrainerOptions.Schedule"/> varies it.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double LearningRate
    {
        get;
        init => field = Require.Positive(this, value);
    }

    /// <summary>Weight decay, at least 0.</summary>
    /// <exception cref="InvalidOptionException">The value is negative or not finite.</exception>
    public double WeightDecay
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    }

    /// <summary>
    /// Whether parameters of one dimension (biases and the weights of norms) also have weight decay. Default: true, as in PyTorch.
    /// </summary>
    public bool DecayNormsAndBiases { get; init; } = true;
}
