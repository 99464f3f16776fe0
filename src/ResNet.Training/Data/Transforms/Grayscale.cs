using ResNet.Training.Data.Imaging;

namespace ResNet.Training.Data.Transforms;

/// <summary>Makes an image grey without changing its number of channels: RGB has three equal ones then.</summary>
/// <remarks>
/// Grey images stay as they are. torchvision's <c>Grayscale</c> leaves one channel unless <c>num_output_channels</c> is 3; for one
/// channel here, have the loader decode one with <see cref="ImageLoaderOptions.Channels"/>.
/// </remarks>
public sealed record Grayscale : Transform
{
    internal override void Apply(Canvas canvas, ref SplitMix64 random) => ColorOperations.Grey(canvas.Pixels(), canvas.Channels);
}
