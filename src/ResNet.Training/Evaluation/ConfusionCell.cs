namespace ResNet.Training.Evaluation;

/// <summary>The number of images of one class that are predicted as another class, or as their own.</summary>
/// <param name="Class">The index of the actual class.</param>
/// <param name="Predicted">The index of the predicted class.</param>
/// <param name="Count">The number of images, at least 1.</param>
public readonly record struct ConfusionCell(int Class, int Predicted, int Count);
