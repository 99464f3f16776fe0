namespace DegradationStudy;

/// <summary>Errors of a network after a step.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Step">Steps so far.</param>
/// <param name="TrainingError">Images of the fixed part of the training images whose class is not the likeliest one, in percent.</param>
/// <param name="TestError">Test images likewise.</param>
internal readonly record struct ErrorPoint(string Network, long Step, double TrainingError, double TestError);
