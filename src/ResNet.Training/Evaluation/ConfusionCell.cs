namespace ResNet.Training.Evaluation;

/// <summary>How often images of one class are taken for another, or for their own.</summary>
/// <param name="Class">The index of the class that they are of.</param>
/// <param name="Predicted">The index of the class that they are taken for.</param>
/// <param name="Count">How many there are, at least 1.</param>
public readonly record struct ConfusionCell(int Class, int Predicted, int Count);
