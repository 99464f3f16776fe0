using System.Globalization;
using ResNet.Inference;

// Classifies pictures without libtorch, compiled in advance:
//
//   deployed FOLDER FILE     the vectors that it computes with, and a line "picture class probability" for each picture
using var classifier = ImageClassifier.Open(args[1]);
Console.WriteLine(InferenceModel.Hardware);
string[] paths = [.. Directory.GetFiles(args[0]).Order(StringComparer.Ordinal)];
foreach (var (path, predictions) in paths.Zip(await classifier.ClassifyAsync(paths, count: 1)))
{
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{Path.GetFileName(path)} {predictions[0].Class} {predictions[0].Probability:F5}"));
}
