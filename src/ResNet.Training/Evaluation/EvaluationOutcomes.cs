using ResNet.Training.Distributed;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>What a network said of images, of one process or all of them.</summary>
internal sealed record EvaluationOutcomes
{
    /// <summary>The number of classes.</summary>
    internal required int Classes { get; init; }

    /// <summary>The positive class, if there are two.</summary>
    internal required int PositiveClass { get; init; }

    /// <summary>Each image's position in the loader's epoch.</summary>
    internal required int[] Positions { get; init; }

    /// <summary>Each image's class.</summary>
    internal required int[] Actual { get; init; }

    /// <summary>The likeliest class of each image.</summary>
    internal required int[] Predicted { get; init; }

    /// <summary>The probability of that class.</summary>
    internal required float[] Confidence { get; init; }

    /// <summary>The probability of the positive class of two; null for other numbers of classes.</summary>
    internal required float[]? Positive { get; init; }

    /// <summary>The sum of the losses.</summary>
    internal required double LossSum { get; init; }

    /// <summary>The number of images whose class was among the first five.</summary>
    internal required double InTop5 { get; init; }

    /// <summary>The number of images that could be read.</summary>
    internal int Images => Positions.Length;

    /// <summary>Returns the outcomes of all processes, in the order of the images.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="own">The loader of this process's images.</param>
    internal EvaluationOutcomes Gather(ProcessGroup group, ImageLoader own)
    {
        // A row of numbers for each image, which are zeros in all processes but one.
        const int Seen = 0, ActualClass = 1, PredictedClass = 2, Confident = 3, PositiveOnes = 4, Columns = 5;
        using var scope = NewDisposeScope();
        var table = new double[own.Images * Columns];
        for (int i = 0; i < Images; i++)
        {
            var row = table.AsSpan(own.PositionOf(Positions[i]) * Columns, Columns);
            (row[Seen], row[ActualClass], row[PredictedClass]) = (1, Actual[i], Predicted[i]);
            (row[Confident], row[PositiveOnes]) = (Confidence[i], Positive?[i] ?? 0);
        }
        table = group.Sum(table);
        double[] sums = group.Sum(LossSum, InTop5);
        int[] positions = [.. Enumerable.Range(0, own.Images).Where(position => table[(position * Columns) + Seen] > 0)];
        return this with
        {
            Positions = positions,
            Actual = Array.ConvertAll(positions, position => (int)table[(position * Columns) + ActualClass]),
            Predicted = Array.ConvertAll(positions, position => (int)table[(position * Columns) + PredictedClass]),
            Confidence = Array.ConvertAll(positions, position => (float)table[(position * Columns) + Confident]),
            Positive = Positive is null
                ? null
                : Array.ConvertAll(positions, position => (float)table[(position * Columns) + PositiveOnes]),
            LossSum = sums[0],
            InTop5 = sums[1],
        };
    }

    /// <summary>Computes the result.</summary>
    /// <param name="loader">The loader of all images.</param>
    /// <param name="mistakes">The number of mistakes to list.</param>
    /// <param name="imagesPerSecond">The speed of the pass.</param>
    internal EvaluationResult ComputeResult(ImageLoader loader, int mistakes, double imagesPerSecond)
    {
        bool[] isRight = [.. Predicted.Zip(Actual, (guess, truth) => guess == truth)];
        double top1 = 100.0 * isRight.Count(right => right) / Images;
        var confusion = new ConfusionMatrix(Classes, Actual, Predicted);
        return new EvaluationResult(LossSum / Images, top1, 100 * InTop5 / Images, Images, imagesPerSecond)
        {
            BalancedAccuracy = 100 * confusion.BalancedAccuracy,
            MacroF1 = confusion.MacroF1,
            Confusion = confusion,
            Binary = Positive is null
                ? null
                : new BinaryCurves(Positive, Array.ConvertAll(Actual, label => label == PositiveClass)) { PositiveClass = PositiveClass },
            Calibration = new Calibration(Confidence, isRight),
            Mistakes = FindMostConfident(isRight, mistakes, loader),
        };
    }

    private Mistake[] FindMostConfident(bool[] isRight, int count, ImageLoader loader)
    {
        int[] places =
        [
            .. Enumerable.Range(0, Images)
                .Where(i => !isRight[i] && !float.IsNaN(Confidence[i]))
                .OrderByDescending(i => Confidence[i])
                .Take(count),
        ];
        if (places.Length == 0) return [];
        int[] order = loader.Order(Evaluator.Epoch);
        return [.. places.Select(i =>
        {
            int index = order[Positions[i]];
            return new Mistake(index, loader.Source.Name(index), Actual[i], Predicted[i], Confidence[i]);
        })];
    }
}
