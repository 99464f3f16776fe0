namespace ResNet.Inference;

/// <summary>A class that an image may show.</summary>
/// <param name="Class">The class's name.</param>
/// <param name="Probability">Its probability, from 0 to 1; the probabilities of all classes add up to 1.</param>
public readonly record struct Prediction(string Class, double Probability);
