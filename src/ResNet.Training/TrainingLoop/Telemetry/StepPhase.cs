namespace ResNet.Training.TrainingLoop.Telemetry;

/// <summary>A part of a training step on the thread that trains.</summary>
public enum StepPhase
{
    /// <summary>Waits for the images of a batch, which other threads decode.</summary>
    Waiting,

    /// <summary>Converts the images to floats on the device, and mixes them.</summary>
    Input,

    /// <summary>Computes the network.</summary>
    Forward,

    /// <summary>Computes the loss and the training accuracy.</summary>
    Loss,

    /// <summary>Computes the gradients.</summary>
    Backward,

    /// <summary>Changes the weights, and their average.</summary>
    Optimizer,

    /// <summary>Everything else: the progress, checkpoints.</summary>
    Other,
}
