namespace ResNet.Training;

/// <summary>The phase of a run.</summary>
public enum TrainingPhase
{
    /// <summary>The pass over the training images.</summary>
    Training,

    /// <summary>The pass over the evaluation images.</summary>
    Evaluating,
}
