namespace ResNet.Training;

/// <summary>The phase of a run.</summary>
public enum TrainingPhase
{
    /// <summary>Passing over the training images.</summary>
    Training,

    /// <summary>Passing over the evaluation images.</summary>
    Evaluating,
}
