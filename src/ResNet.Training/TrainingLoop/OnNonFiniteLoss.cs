namespace ResNet.Training.TrainingLoop;

/// <summary>The treatment of a loss or gradient that is not finite.</summary>
public enum OnNonFiniteLoss
{
    /// <summary>The run stops with an error that names the step; the checkpoints before it stay.</summary>
    Stop,

    /// <summary>The step is skipped: the weights stay as they are, and the run goes on.</summary>
    SkipStep,
}
