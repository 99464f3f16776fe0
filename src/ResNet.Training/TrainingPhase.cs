namespace ResNet.Training;

/// <summary>What a run is doing.</summary>
public enum TrainingPhase
{
    /// <summary>Passing over the training images.</summary>
    Training,

    /// <summary>Passing over the images it is judged by.</summary>
    Evaluating,
}
