namespace ResNet.Training.Evaluation;

/// <summary>How well a network does on a set of images.</summary>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Top1">Images whose class is the likeliest one, in percent.</param>
/// <param name="Top5">Images whose class is among the five likeliest (or all, where there are fewer), in percent.</param>
/// <param name="Images">How many images there were.</param>
/// <param name="ImagesPerSecond">Over the whole pass, decoding included.</param>
public sealed record EvaluationResult(double Loss, double Top1, double Top5, int Images, double ImagesPerSecond);
