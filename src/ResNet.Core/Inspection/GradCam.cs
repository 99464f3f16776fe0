using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Inspection;

/// <summary>
/// Gradient-weighted class activation maps: the parts of an image in which a network finds a class (Selvaraju et al. 2017,
/// https://arxiv.org/abs/1610.02391, equations 1 and 2).
/// </summary>
public static class GradCam
{
    // The divisor of an all-zero map.
    private const float Tiny = 1e-30f;

    // A map with fewer pixels per side is too coarse to show a place.
    private const int FewestPixels = 4;

    /// <summary>
    /// Weights the channels of a stage's output by the average gradient of the class score, adds them up, sets negative values to 0
    /// and enlarges the result to the size of the images, bilinearly.
    /// </summary>
    /// <remarks>
    /// Uses evaluation mode and leaves the network's modes, gradients and weights as they are. Does not work within
    /// <see cref="inference_mode"/>, which has no gradients. Several threads may explain with one network that is in evaluation
    /// mode already. Images with NaN give maps of NaN.
    /// </remarks>
    /// <param name="network">The network.</param>
    /// <param name="images"><c>[N, channels, H, W]</c>, as for <see cref="ResNetModel.forward"/>.</param>
    /// <param name="classes">The class to look for in each image, N classes; null for the likeliest class of each image.</param>
    /// <param name="stage">
    /// The stage whose output is used, 1 to <see cref="ResNetModel.Stages"/>. Default: null, the last stage, which tells classes apart
    /// best; for small images the last stage whose output is at least 4×4 pixels. Earlier stages give finer maps.
    /// </param>
    /// <returns>
    /// <c>[N, H, W]</c>, Float32, on the network's device. Each image's values are divided by their maximum, so they
    /// range from 0 to 1; all are 0 if the image has no evidence for the class. The caller disposes the tensor.
    /// </returns>
    /// <exception cref="InvalidOptionException">There is no such stage.</exception>
    /// <exception cref="ArgumentException">The images have another shape or type, or there are not N classes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <exception cref="InvalidOperationException">Inference mode is on.</exception>
    public static Tensor Compute(ResNetModel network, Tensor images, IReadOnlyList<int>? classes = null, int? stage = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(images);
        int chosen = stage ?? (images.ndim == 4 ? CoarsestThatShows(network, Math.Min(images.size(2), images.size(3))) : network.Stages);
        if (chosen < 1 || chosen > network.Stages)
            throw new InvalidOptionException(nameof(GradCam), nameof(stage), stage, $"one of this network's stages, 1 to {network.Stages}");
        if (is_inference_mode_enabled())
            throw new InvalidOperationException(
                "GradCam needs gradients, which inference mode does not record: call it outside of inference_mode().");

        using var mode = new EvaluationMode(network);
        using var scope = NewDisposeScope();
        if (classes is not null) Check(classes, images.ndim == 0 ? 0 : images.size(0), network.Options.Classes);
        var map = StageOutput(network, images, chosen);
        var gradient = ScoreGradient(network, map, chosen, classes);

        using var noGradients = no_grad();
        // Half types would lose small gradients in the average.
        var weights = gradient.to(ScalarType.Float32).mean([2, 3], keepdim: true);
        var seen = (weights * map.to(ScalarType.Float32)).sum(1, keepdim: true).relu_();
        var enlarged = functional.interpolate(
            seen, [images.size(2), images.size(3)], mode: InterpolationMode.Bilinear, align_corners: false).squeeze(1);
        var (greatest, _) = enlarged.flatten(1).max(1, keepdim: true);
        return enlarged.div_(greatest.unsqueeze(2).RaiseInPlace(Tiny)).MoveToOuterDisposeScope();
    }

    private static int CoarsestThatShows(ResNetModel network, long side)
    {
        int stage = network.Stages;
        while (stage > 1 && side <= (FewestPixels - 1) * network.StageShapes[stage].Reduction) stage--;
        return stage;
    }

    private static Tensor StageOutput(ResNetModel network, Tensor images, int stage)
    {
        using var _ = no_grad();
        var x = network.ForwardStem(images);
        for (int i = 1; i <= stage; i++) x = network.ForwardStage(i, x);
        return x;
    }

    // Only the gradient with respect to the map is computed, not the gradients of the parameters.
    private static Tensor ScoreGradient(ResNetModel network, Tensor map, int stage, IReadOnlyList<int>? classes)
    {
        using var _ = enable_grad();
        var leaf = map.detach().requires_grad_();
        var x = leaf.alias();
        for (int i = stage + 1; i <= network.Stages; i++) x = network.ForwardStage(i, x);
        var scores = network.Classify(x);
        var chosen = classes is null
            ? scores.argmax(1, keepdim: true)
            : tensor([.. classes.Select(index => (long)index)], device: scores.device).unsqueeze(1);
        return autograd.grad([scores.gather(1, chosen).sum()], [leaf])[0];
    }

    private static void Check(IReadOnlyList<int> classes, long images, int known)
    {
        if (classes.Count != images)
            throw new ArgumentException(
                $"The number of classes is {classes.Count}, but that of the images is {images}: give one for each.", nameof(classes));
        foreach (int index in classes)
        {
            if (index < 0 || index >= known)
                throw new ArgumentOutOfRangeException(
                    nameof(classes), index, $"There is no class {index}: this network has 0 to {known - 1}.");
        }
    }
}
