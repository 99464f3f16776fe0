namespace ResNet.Training.Data;

/// <summary>Computes weights of classes, for data sets whose classes have different numbers of images.</summary>
public static class ClassWeights
{
    /// <summary>
    /// Computes weights that give all classes the same influence: images / (classes · images of the class), as
    /// <c>compute_class_weight("balanced")</c> in scikit-learn. The mean weight of the images is 1.
    /// </summary>
    /// <param name="source">The images to train on.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <returns>The weight of each class, in the order of the classes.</returns>
    /// <exception cref="DatasetException">A class has no images, or an image has another class.</exception>
    public static IReadOnlyList<double> Balanced(IImageSource source, int classes)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        var images = new int[classes];
        for (int i = 0; i < source.Count; i++)
        {
            int label = source.Label(i);
            if (label < 0 || label >= classes)
            {
                throw new DatasetException(
                    $"The image '{source.Name(i)}' has the label {label}, but labels of {classes} classes are from 0 to {classes - 1}.");
            }
            images[label]++;
        }
        int empty = Array.IndexOf(images, 0);
        return empty < 0
            ? [.. images.Select(count => source.Count / ((double)classes * count))]
            : throw new DatasetException($"The class {empty} has no images, so it has no balanced weight: add images or remove it.");
    }
}
