namespace ResNet.Training.TrainingLoop;

/// <summary>What happens when the loss, or a gradient, is not a finite number.</summary>
public enum OnNonFiniteLoss
{
    /// <summary>The run stops with an error that names the step; the checkpoints before it stay.</summary>
    Stop,

    /// <summary>The weights stay as they are in that step, and the run goes on.</summary>
    SkipStep,
}
