namespace ResNet.Training.Evaluation;

/// <summary>Precision, recall and F1 of one class. A division by zero gives 0, as in scikit-learn.</summary>
/// <param name="Class">The class's index.</param>
/// <param name="Support">Images of the class.</param>
/// <param name="Precision">The share of the images predicted as this class that belong to it, from 0 to 1.</param>
/// <param name="Recall">The share of the images of this class that are predicted as this class, from 0 to 1.</param>
/// <param name="F1">The harmonic mean of <paramref name="Precision"/> and <paramref name="Recall"/>.</param>
public readonly record struct ClassMetrics(int Class, int Support, double Precision, double Recall, double F1);
