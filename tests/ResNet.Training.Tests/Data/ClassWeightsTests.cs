using ResNet.Training.Data;

namespace ResNet.Training.Tests.Data;

public sealed class ClassWeightsTests
{
    [Fact]
    public void Balanced_weights_are_those_of_scikit_learn()
    {
        // The example in scikit-learn's documentation of compute_class_weight gives [1.5, 0.75]: 6 / (2 * 2) and 6 / (2 * 4).
        ClassWeights.Balanced(Source(1, 1, 1, 1, 0, 0), classes: 2).Should().Equal(1.5, 0.75);
        // The images' mean weight is 1.
        ClassWeights.Balanced(Source(0, 1, 1, 2, 2, 2, 2), classes: 3).Zip([1, 2, 4]).Sum(pair => pair.First * pair.Second)
            .Should().BeApproximately(7, 1e-12);
    }

    [Fact]
    public void Classes_without_images_and_images_of_other_classes_are_refused()
    {
        var empty = () => ClassWeights.Balanced(Source(0, 2), classes: 3);
        empty.Should().Throw<DatasetException>().WithMessage("The class 1 has no images, so it has no balanced weight: *");
        var other = () => ClassWeights.Balanced(Source(0, 2), classes: 2);
        other.Should().Throw<DatasetException>().WithMessage("The image '1.png' has the label 2, but labels of 2 classes are from 0 to 1.");
    }

    private static FileImageSource Source(params int[] labels) => new([.. labels.Select((label, i) => new ImageSample($"{i}.png", label))]);
}
