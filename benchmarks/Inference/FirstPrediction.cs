using System.Diagnostics;
using System.Globalization;
using ResNet.Inference;

namespace Benchmarks.Inference;

/// <summary>
/// The side of ResNet.Inference of the time to the first prediction: from a network's file and a picture file to the picture's class.
/// </summary>
internal static class FirstPrediction
{
    /// <summary>Prints the probability of the likeliest class as a JSON line, and continues to predict for a while.</summary>
    /// <param name="file">The network, as <c>SaveForInference</c> writes it with classes and preprocessing.</param>
    /// <param name="picture">The picture's file.</param>
    /// <param name="seconds">The time to continue, in seconds.</param>
    public static void Measure(string file, string picture, double seconds)
    {
        using var classifier = ImageClassifier.Open(file);
        double check = classifier.Classify(picture)[0].Probability;
        // A program that is compiled in advance has no reflection for a JSON serialiser.
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"images_per_second": 0, "check": {{check}}}"""));
        // The parent process measures the memory now.
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < seconds) classifier.Classify(picture);
    }
}
