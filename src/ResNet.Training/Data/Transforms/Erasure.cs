using ResNet.Training.Data.Imaging;

namespace ResNet.Training.Data.Transforms;

/// <summary>A rectangle of an image that <see cref="RandomErasing"/> chose.</summary>
/// <param name="By">Says what it is filled with.</param>
/// <param name="Area">Where it is.</param>
/// <param name="Seed">Where random pixels come from.</param>
internal readonly record struct Erasure(RandomErasing By, Area Area, long Seed);
