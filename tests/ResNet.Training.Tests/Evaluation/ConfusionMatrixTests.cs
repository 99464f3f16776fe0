using ResNet.Training.Evaluation;

namespace ResNet.Training.Tests.Evaluation;

public sealed class ConfusionMatrixTests
{
    // The example in scikit-learn's documentation of confusion_matrix, with another class that no image has or gets.
    private readonly ConfusionMatrix _matrix = new(4, [2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2]);

    [Fact]
    public void Images_are_counted_by_class_and_predicted_class()
    {
        _matrix[0, 0].Should().Be(2);
        _matrix[1, 2].Should().Be(1);
        _matrix[2, 0].Should().Be(1);
        _matrix[2, 2].Should().Be(2);
        _matrix[0, 1].Should().Be(0);
        _matrix[3, 3].Should().Be(0);
        _matrix.Cells.Should().Equal(
            new ConfusionCell(0, 0, 2), new ConfusionCell(1, 2, 1), new ConfusionCell(2, 0, 1), new ConfusionCell(2, 2, 2));
    }

    [Fact]
    public void Precision_recall_and_F1_are_those_worked_out_by_hand_and_0_where_they_would_be_divided_by_0()
    {
        _matrix.PerClass.Should().Equal(
            new ClassMetrics(0, 2, 2.0 / 3, 1, 0.8),
            new ClassMetrics(1, 1, 0, 0, 0),
            new ClassMetrics(2, 3, 2.0 / 3, 2.0 / 3, 4.0 / 6),
            new ClassMetrics(3, 0, 0, 0, 0));
    }

    [Fact]
    public void Balanced_accuracy_and_mean_F1_are_those_of_scikit_learn()
    {
        // The example in scikit-learn's documentation of balanced_accuracy_score, which gives 0.625: (3/4 + 1/2) / 2. A class without
        // images makes no difference.
        foreach (int classes in new[] { 2, 3 })
            new ConfusionMatrix(classes, [0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]).BalancedAccuracy.Should().BeApproximately(0.625, 1e-12);
        // The example of f1_score with average="macro", which gives 0.26…: (2 * 2 / (2 + 3) + 0 + 0) / 3.
        new ConfusionMatrix(3, [0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1]).MacroF1.Should().BeApproximately(0.8 / 3, 1e-12);
        // As in scikit-learn, the classes of a mean F1 are those that images have or get: here 0 (F1 2/3) and 2 (0), but not 1.
        var unseen = new ConfusionMatrix(3, [0, 0], [0, 2]);
        unseen.MacroF1.Should().BeApproximately(1.0 / 3, 1e-12);
        unseen.BalancedAccuracy.Should().Be(0.5);
        new ConfusionMatrix(2, [], []).BalancedAccuracy.Should().Be(double.NaN);
        new ConfusionMatrix(2, [], []).MacroF1.Should().Be(double.NaN);
    }

    [Fact]
    public void A_thousand_classes_take_no_more_than_their_cells_that_are_not_zero()
    {
        int[] actual = [.. Enumerable.Range(0, 50_000).Select(i => i % 1000)];
        int[] predicted = [.. actual.Select(i => i % 10 == 0 ? 999 : i)];
        var matrix = new ConfusionMatrix(1000, actual, predicted);
        matrix.Cells.Should().HaveCount(1000);
        matrix[0, 999].Should().Be(50);
        matrix[999, 999].Should().Be(50);
        matrix.PerClass[999].Should().Be(new ClassMetrics(999, 50, 50.0 / 5050, 1, 100.0 / 5100));
    }

    [Fact]
    public void Classes_that_there_are_not_and_lists_of_other_lengths_are_refused()
    {
        var unknown = () => new ConfusionMatrix(2, [0, 2], [0, 1]);
        unknown.Should().Throw<ArgumentOutOfRangeException>().WithMessage("There is no class 2: there are 2, numbered from 0.*");
        var uneven = () => new ConfusionMatrix(2, [0, 1], [0]);
        uneven.Should().Throw<ArgumentException>().WithMessage("There are classes of 2 images, but predictions for 1.*");
        var outside = () => _matrix[0, 4];
        outside.Should().Throw<ArgumentOutOfRangeException>();
    }
}
