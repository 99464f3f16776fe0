namespace ResNet.Training.Evaluation;

/// <summary>An image that a network takes for another class.</summary>
/// <param name="Index">The image's place among the loader's samples, from 0.</param>
/// <param name="Name">The image file's path; of a packed image that of the pack and its name in it.</param>
/// <param name="Class">The index of the class that it is of.</param>
/// <param name="Predicted">The index of the predicted class.</param>
/// <param name="Probability">What the network gives for that class, from 0 to 1.</param>
public readonly record struct Mistake(int Index, string Name, int Class, int Predicted, double Probability);
