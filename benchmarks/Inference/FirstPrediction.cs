using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ResNet.Core;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading.Transforms;

namespace Benchmarks.Inference;

/// <summary>Our side of what one waits for once: from a file of weights and one of a picture to its class.</summary>
internal static class FirstPrediction
{
    /// <summary>Says how likely the likeliest class is, as a JSON line, and goes on saying so for a while.</summary>
    public static void Measure(string network, string weights, string picture, double seconds)
    {
        using var model = ResNets.Create(network);
        model.LoadWeights(weights);
        string[] classes = [.. Enumerable.Range(0, model.Options.Classes).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        var classifier = new Classifier(model, classes, Presets.Evaluation());
        double check = classifier.Classify(picture)[0].Probability;
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = 0, check }));
        // Somebody looks at the memory now.
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < seconds) classifier.Classify(picture);
    }
}
