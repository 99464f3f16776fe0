using ResNet.Imaging.Color;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Makes an image grey without changing its number of channels: RGB has three equal ones then.</summary>
/// <remarks>
/// Grey images stay as they are. torchvision's <c>Grayscale</c> leaves one channel unless <c>num_output_channels</c> is 3; for one
/// channel here, decode the image with one.
/// </remarks>
public sealed record Grayscale : Transform
{
    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random) => ColorOperations.Grey(canvas.Pixels(), canvas.Channels);
}
