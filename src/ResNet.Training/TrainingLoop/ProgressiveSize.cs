namespace ResNet.Training.TrainingLoop;

/// <summary>
/// Trains on smaller images at first (Howard 2018, https://www.fast.ai/posts/2018-08-10-fastai-diu-imagenet.html): the size rises linearly,
/// epoch by epoch, to that of the training images. A bad value is refused when it is set.
/// </summary>
public sealed record ProgressiveSize
{
    /// <summary>The size of the first epoch, as a part of the final one; more than 0, at most 1. Default: 0.5.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double From
    {
        get;
        init => field = Require.That(this, value, value is > 0 and <= 1, "more than 0 and at most 1");
    } = 0.5;

    /// <summary>The part of the epochs after which images have their final size, from 0 to 1. Default: 0.75.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Until
    {
        get;
        init => field = Require.Probability(this, value);
    } = 0.75;

    /// <summary>Sizes are rounded to a multiple of this, at least 1. Default: 16 pixels.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int MultipleOf
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 16;

    /// <summary>Returns the length of a side in an epoch.</summary>
    /// <param name="side">The final length in pixels.</param>
    /// <param name="epoch">The epoch's number, from 0.</param>
    /// <param name="epochs">The number of epochs of the run.</param>
    public int Side(int side, int epoch, int epochs)
    {
        double until = Until * epochs;
        if (epoch >= until) return side;
        double exact = side * (From + ((1 - From) * epoch / until));
        return Math.Clamp((int)Math.Round(exact / MultipleOf) * MultipleOf, Math.Min(MultipleOf, side), side);
    }
}
