namespace ResNet.Training.Evaluation;

/// <summary>One class an image may show.</summary>
/// <param name="Class">The class's name.</param>
/// <param name="Probability">From 0 to 1; those of all classes add up to 1.</param>
public readonly record struct Prediction(string Class, double Probability);
