using ResNet.Imaging.Color;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Converts an image to grey, with the same number of channels: the three of RGB are then equal.</summary>
/// <remarks>
/// Grey images do not change. torchvision's <c>Grayscale</c> gives one channel unless <c>num_output_channels</c> is 3; for one
/// channel here, decode the image with one.
/// </remarks>
public sealed record Grayscale : Transform
{
    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random) => ColorOperations.Grey(canvas.Pixels(), canvas.Channels);
}
