namespace ResNet.Imaging.Rendering;

/// <summary>A rectangle to be overwritten once the image is a tensor.</summary>
/// <param name="Area">Where it is.</param>
/// <param name="Value">What it becomes: one number, or one of each channel; null for noise.</param>
/// <param name="Seed">Where the noise comes from.</param>
internal readonly record struct Erasure(Area Area, IReadOnlyList<float>? Value, long Seed);
