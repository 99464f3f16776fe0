using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ResNet.Core;
using ResNet.Training.Classification;
using ResNet.Training.Loading.Transforms;

namespace Benchmarks.Inference;

/// <summary>Our side of the time to the first prediction: from a weights file and a picture file to the picture's class.</summary>
internal static class FirstPrediction
{
    /// <summary>Prints the probability of the likeliest class as a JSON line, and continues to predict for a while.</summary>
    public static void Measure(string network, string weights, string picture, double seconds)
    {
        using var model = ResNets.Create(network);
        model.LoadWeights(weights);
        string[] classes = [.. Enumerable.Range(0, model.Options.Classes).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        var classifier = new Classifier(model, classes, Presets.Evaluation());
        double check = classifier.Classify(picture)[0].Probability;
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = 0, check }));
        // The parent process measures the memory now.
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < seconds) classifier.Classify(picture);
    }
}
