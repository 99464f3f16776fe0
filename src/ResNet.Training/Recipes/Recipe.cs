using ResNet.Imaging.Transforms;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.TrainingLoop;

namespace ResNet.Training.Recipes;

/// <summary>The options of a training and the transforms of its images: a row of <see cref="TrainingRecipes.All"/>, or your own.</summary>
/// <remarks>
/// A recipe is changed with <c>with</c>: <c>TrainingRecipes.Find("imagenette-5") with { BatchSize = 128 }</c>. Learning rates are for
/// the recipe's batch size; for another size they are usually scaled in proportion (Goyal et al. 2017,
/// https://arxiv.org/abs/1706.02677).
/// </remarks>
public sealed record Recipe
{
    /// <summary>The name for <see cref="TrainingRecipes.Find"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Its purpose, and its differences from its source.</summary>
    public required string Description { get; init; }

    /// <summary>The source of its numbers.</summary>
    public required string Source { get; init; }

    /// <summary>The options of the training.</summary>
    public required TrainerOptions Training { get; init; }

    /// <summary>The number of images of a step, on all devices of the source together; at least 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int BatchSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>Height and width of training images in pixels, at least 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int ImageSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>Height and width of evaluated images in pixels, at least 1. Default: null, the size of training images.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int? EvaluationSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The shorter side of an evaluated image in pixels, before its centre is cut out; at least 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int ResizeTo
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The default normalisation of images. Default: ImageNet's means and deviations.</summary>
    public Normalize Normalize
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = Normalize.ImageNet;

    /// <summary>Makes the transforms of training images from their size in pixels and their normalisation.</summary>
    public required Func<int, Normalize, Compose> Augmentation { get; init; }

    /// <summary>Returns the transforms of training images.</summary>
    /// <param name="imageSize">Their height and width in pixels, at least 1; null for <see cref="ImageSize"/>.</param>
    /// <param name="normalize">Their normalisation; null for <see cref="Normalize"/>.</param>
    /// <exception cref="InvalidOptionException"><paramref name="imageSize"/> is less than 1.</exception>
    public Compose TrainingTransforms(int? imageSize = null, Normalize? normalize = null) =>
        Augmentation(imageSize ?? ImageSize, normalize ?? Normalize);

    /// <summary>Returns the transforms of evaluated images: they are resized, and their centre is cut out.</summary>
    /// <param name="imageSize">
    /// Height and width of the training images in pixels, at least 1. The size of
    /// evaluated images changes in proportion; null for <see cref="ImageSize"/>.
    /// </param>
    /// <param name="normalize">Their normalisation; null for <see cref="Normalize"/>.</param>
    /// <exception cref="InvalidOptionException"><paramref name="imageSize"/> is less than 1.</exception>
    public Compose EvaluationTransforms(int? imageSize = null, Normalize? normalize = null)
    {
        var sized = WithImageSize(imageSize ?? ImageSize);
        return Presets.Evaluation(sized.EvaluationSize ?? sized.ImageSize, sized.ResizeTo, normalize ?? Normalize);
    }

    /// <summary>Returns the same recipe over another number of epochs, with its schedule stretched accordingly.</summary>
    /// <param name="epochs">Passes over the training images, at least 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="epochs"/> is less than 1.</exception>
    public Recipe WithEpochs(int epochs) => this with { Training = Training with { Epochs = epochs, Steps = null } };

    /// <summary>Returns the same recipe with training images of another size; the size of evaluated images changes in proportion.</summary>
    /// <param name="imageSize">Height and width of training images in pixels, at least 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="imageSize"/> is less than 1.</exception>
    public Recipe WithImageSize(int imageSize) => this with
    {
        ImageSize = imageSize,
        EvaluationSize = EvaluationSize is { } size ? Scaled(size, imageSize) : null,
        ResizeTo = Scaled(ResizeTo, imageSize),
    };

    private int Scaled(int length, int imageSize) => (int)Math.Max(1, (long)length * imageSize / ImageSize);
}
