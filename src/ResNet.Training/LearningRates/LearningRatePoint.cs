namespace ResNet.Training.LearningRates;

/// <summary>A step of a test of learning rates.</summary>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="Loss">The mean loss over its images, before the step changed the weights.</param>
/// <param name="Smoothed">The average of the losses up to this one.</param>
public readonly record struct LearningRatePoint(double LearningRate, double Loss, double Smoothed)
{
    /// <summary>The number of the step, from 1; steps without readable images are counted too. Default: 0, not known.</summary>
    public int Step { get; init; }
}
