using ResNet.Training.Evaluation;

namespace ResNet.Training.Tests.Evaluation;

public sealed class ConfusionMatrixTests
{
    // The example in scikit-learn's documentation of confusion_matrix, with another class that no image has or gets.
    private readonly ConfusionMatrix _matrix = new(4, [2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2]);

    [Theory]
    [InlineData(3, "0 0 1 1", "1 1 1 1", 1)]
    [InlineData(2, "0 0 0 0", "0 0 0 0", null)]
    [InlineData(2, "0 1 0", "1 1 1", null)]
    // 19 of 20 are predicted as class 0, and 18 of 20.
    [InlineData(2, "0 0 0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1 1 1", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", 0)]
    [InlineData(2, "0 0 0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1 1 1", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 1", null)]
    // Nearly all images are of one class, and the other one is recognised, or not.
    [InlineData(2, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", null)]
    [InlineData(2, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", 0)]
    [InlineData(0, "", "", null)]
    public void A_network_that_predicts_one_class_for_several_has_collapsed(int classes, string actual, string predicted, int? collapsed)
    {
        new ConfusionMatrix(classes, Numbers(actual), Numbers(predicted)).CollapsedClass.Should().Be(collapsed);

        static int[] Numbers(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    [Fact]
    public void A_collapse_is_described_in_one_sentence()
    {
        var result = new EvaluationResult(1, 50, 100, 4, 10) { Confusion = new ConfusionMatrix(3, [0, 0, 2, 2], [2, 2, 2, 2]) };
        result.DescribeCollapse(["cat", "dog", "owl"]).Should().Be(
            "All 4 images are predicted as 'owl', although they are of 2 classes: the network has collapsed to one class, and its accuracy "
            + "only says how frequent that class is; try more epochs, a lower learning rate or class weights.");
        int[] actual = [.. Enumerable.Repeat(0, 1000), .. Enumerable.Repeat(1, 1000)];
        int[] predicted = [.. Enumerable.Repeat(0, 1990), .. Enumerable.Repeat(1, 10)];
        (result with { Confusion = new ConfusionMatrix(2, actual, predicted) }).DescribeCollapse(["cat", "dog"])
            .Should().StartWith("1,990 of 2,000 images are predicted as 'cat', although they are of 2 classes: ");
        (result with { Confusion = new ConfusionMatrix(2, [0, 0, 1, 1], [0, 1, 1, 0]) }).DescribeCollapse(["cat", "dog"]).Should().BeNull();
    }

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
