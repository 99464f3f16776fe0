namespace ResNet.Imaging.Rendering;

/// <summary>A rectangle to overwrite once the image is a tensor.</summary>
/// <param name="Area">The rectangle.</param>
/// <param name="Value">The new value: one number, or one for each channel; null for noise.</param>
/// <param name="Seed">The seed of the noise.</param>
internal readonly record struct Erasure(Area Area, IReadOnlyList<float>? Value, long Seed);
