using ResNet.Imaging;

namespace ResNet.Core.Weights;

/// <summary>
/// The preprocessing of images for a network's published accuracy: they are resized, cropped in the middle, scaled to 0…1, then
/// <c>(value − mean) / deviation</c>.
/// </summary>
/// <param name="ResizeTo">The shorter side after resizing, in pixels; the longer one keeps the proportions.</param>
/// <param name="CropSize">Height and width of the square cut out of the middle, in pixels.</param>
/// <param name="Interpolation">The interpolation of the resizing.</param>
/// <param name="Mean">Mean of red, green and blue, as parts of 1.</param>
/// <param name="Deviation">Standard deviation of red, green and blue, as parts of 1.</param>
public sealed record Preprocessing(
    int ResizeTo, int CropSize, ImageInterpolation Interpolation, IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    /// <summary>Mean of red, green and blue, as parts of 1.</summary>
    public IReadOnlyList<float> Mean { get; } = new NumberList<float>(Mean);

    /// <summary>Standard deviation of red, green and blue, as parts of 1.</summary>
    public IReadOnlyList<float> Deviation { get; } = new NumberList<float>(Deviation);
}
