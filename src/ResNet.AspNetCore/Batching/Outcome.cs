using ResNet.Imaging.Rendering;
using ResNet.Inference;

namespace ResNet.AspNetCore.Batching;

/// <summary>What was computed of a picture.</summary>
/// <param name="Model">The network's name.</param>
/// <param name="Predictions">The likeliest classes.</param>
/// <param name="Map">The class activation map; null if it was not asked for.</param>
/// <param name="Width">The picture's width in pixels.</param>
/// <param name="Height">The picture's height in pixels.</param>
/// <param name="Seen">The part that the network saw, in pixels.</param>
internal sealed record Outcome(
    string Model, Prediction[] Predictions, ClassActivationMap? Map, int Width, int Height, SourceArea Seen);
