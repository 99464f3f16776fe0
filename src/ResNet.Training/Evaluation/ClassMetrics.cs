namespace ResNet.Training.Evaluation;

/// <summary>How well a network knows one class. What would be divided by zero is 0, as in scikit-learn.</summary>
/// <param name="Class">The class's index.</param>
/// <param name="Support">Images of the class.</param>
/// <param name="Precision">Of the images that are taken for this class, the part that is of it, from 0 to 1.</param>
/// <param name="Recall">Of the images of this class, the part that is taken for it, from 0 to 1.</param>
/// <param name="F1">The harmonic mean of <paramref name="Precision"/> and <paramref name="Recall"/>.</param>
public readonly record struct ClassMetrics(int Class, int Support, double Precision, double Recall, double F1);
