using System.Globalization;
using ResNet.Training.Evaluation;

namespace ResNet.Cli.Output;

/// <summary>Formats the results of an evaluation.</summary>
internal static class Accuracy
{
    /// <summary>Returns the accuracies: <c>top-1 93.10 %, top-5 99.20 %</c>, of five classes or fewer without top-5.</summary>
    internal static string Describe(EvaluationResult result)
    {
        string top1 = string.Create(CultureInfo.InvariantCulture, $"top-1 {result.Top1:0.00} %");
        return result.HasTop5 ? string.Create(CultureInfo.InvariantCulture, $"{top1}, top-5 {result.Top5:0.00} %") : top1;
    }
}
