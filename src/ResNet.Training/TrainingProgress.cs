namespace ResNet.Training;

/// <summary>The progress of a run: reported at most a few times a second, and at the end of each pass.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="Epochs">The number of epochs of the run.</param>
/// <param name="Step">The number of finished batches of this pass.</param>
/// <param name="Steps">The number of batches of this pass.</param>
/// <param name="ImagesPerSecond">The images per second of this pass so far, decoding included.</param>
/// <param name="Loss">The mean loss of this pass so far.</param>
/// <param name="LearningRate">The learning rate of the last step; 0 in an evaluation.</param>
/// <param name="TimeLeft">The remaining time of this pass, at the speed so far.</param>
public readonly record struct TrainingProgress(
    TrainingPhase Phase,
    int Epoch,
    int Epochs,
    int Step,
    int Steps,
    double ImagesPerSecond,
    double Loss,
    double LearningRate,
    TimeSpan TimeLeft);
