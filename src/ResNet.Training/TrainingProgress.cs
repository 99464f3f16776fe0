namespace ResNet.Training;

/// <summary>The progress of a run: reported at most a few times a second, and at the end of each pass.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="Epochs">Epochs of the run.</param>
/// <param name="Step">Batches of this pass that are done.</param>
/// <param name="Steps">Batches of this pass.</param>
/// <param name="ImagesPerSecond">Over this pass so far, decoding included.</param>
/// <param name="Loss">Mean over this pass so far.</param>
/// <param name="LearningRate">Of the last step; 0 while evaluating.</param>
/// <param name="TimeLeft">Of this pass, at the speed so far.</param>
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
