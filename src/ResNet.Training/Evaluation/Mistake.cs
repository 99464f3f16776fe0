namespace ResNet.Training.Evaluation;

/// <summary>An image that a network classifies incorrectly.</summary>
/// <param name="Index">The image's index among the loader's samples, from 0.</param>
/// <param name="Name">The image file's path; for a packed image, the pack's path and the image's name in it.</param>
/// <param name="Class">The index of the actual class.</param>
/// <param name="Predicted">The index of the predicted class.</param>
/// <param name="Probability">The predicted class's probability, from 0 to 1.</param>
public readonly record struct Mistake(int Index, string Name, int Class, int Predicted, double Probability);
