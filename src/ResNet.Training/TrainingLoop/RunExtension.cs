namespace ResNet.Training.TrainingLoop;

/// <summary>
/// Further epochs of a finished run. Weights, average and optimizer go on from their last state, epochs are numbered on, and
/// <see cref="TrainerOptions.Schedule"/> begins anew over these epochs, with its warm-up. A bad value is refused when it is set.
/// </summary>
/// <remarks>
/// As in the warm restarts of Loshchilov and Hutter (2017, https://arxiv.org/abs/1608.03983), where the cosine begins anew.
/// <see cref="TrainerOptions.Average"/> has the decay of a run of these epochs, images have their final size in spite of
/// <see cref="TrainerOptions.ProgressiveSize"/>, and the patience of <see cref="TrainerOptions.EarlyStopping"/> begins anew, while the
/// accuracy to beat is the best one of the whole run.
/// </remarks>
public sealed record RunExtension
{
    /// <summary>
    /// The number of epochs before these, at least 1: those of the run and its former extensions, or fewer if early stopping ended it.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int After
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The number of further epochs, at least 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int Epochs
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The highest learning rate of these epochs, more than 0. Default: null, that of the optimizer's options.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? LearningRate
    {
        get;
        init => field = Require.Positive(this, value);
    }
}
