namespace ResNet.Training.Evaluation;

/// <summary>The number of images of one class that are predicted as another, or as their own.</summary>
/// <param name="Class">The index of the class that they are of.</param>
/// <param name="Predicted">The index of the predicted class.</param>
/// <param name="Count">How many there are, at least 1.</param>
public readonly record struct ConfusionCell(int Class, int Predicted, int Count);
