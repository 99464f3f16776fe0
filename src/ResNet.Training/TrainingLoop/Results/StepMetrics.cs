namespace ResNet.Training.TrainingLoop.Results;

/// <summary>The results of a step.</summary>
/// <param name="Step">The step's number in the run, from 1.</param>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="Loss">Mean loss over the step's images, label smoothing and mixing included.</param>
/// <param name="LearningRate">The step's learning rate.</param>
public readonly record struct StepMetrics(long Step, int Epoch, double Loss, double LearningRate);
