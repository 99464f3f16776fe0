namespace ResNet.Core.Inspection;

/// <summary>A part of a training pass that kernels of this library computed.</summary>
/// <param name="Layer">The layer, by its path in the network, as <see cref="TrainedLayer.Name"/>.</param>
/// <param name="Kind">What was computed.</param>
/// <param name="Begin">When it began, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> gives it.</param>
/// <param name="Time">How long it took.</param>
public readonly record struct TrainingWork(string Layer, TrainingWorkKind Kind, long Begin, TimeSpan Time);
