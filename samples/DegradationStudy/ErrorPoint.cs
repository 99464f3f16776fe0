namespace DegradationStudy;

/// <summary>Errors of a network after a step.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Step">The number of steps so far.</param>
/// <param name="TrainingError">The error on the fixed part of the training images, in percent.</param>
/// <param name="TestError">The error on the test images, in percent.</param>
internal readonly record struct ErrorPoint(string Network, long Step, double TrainingError, double TestError);
