namespace ResNet.Training.TrainingLoop;

/// <summary>The treatment of a loss or gradient that is not finite.</summary>
public enum OnNonFiniteLoss
{
    /// <summary>The run stops with an error that names the step; earlier checkpoints stay.</summary>
    Stop,

    /// <summary>The step is skipped: the weights do not change, and the run continues.</summary>
    SkipStep,
}
