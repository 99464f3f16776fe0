namespace ResNet.Training.Tests;

/// <summary>Hears every report of progress, on the thread that reports.</summary>
internal sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => hear(value);
}
