using System.CommandLine;
using System.Globalization;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Evaluation;

namespace Imagenette;

/// <summary><c>predict</c>: what pictures show.</summary>
internal static class PredictCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = RunOption.Create();
        var device = Devices.Option();
        var images = new Argument<string[]>("IMAGE") { Description = "The pictures.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("predict", "Prints the five likeliest classes of each picture, for example: predict --run runs/mine cat.jpg") { run, device, images };
        command.SetAction(parsed =>
        {
            var place = Devices.Parse(parsed.GetValue(device));
            var trained = RunOption.Open(parsed.GetValue(run));
            using var model = trained.LoadModel(place);
            var classifier = new Classifier(model, trained.Classes, trained.EvaluationOptions, trained.Normalization);
            int exitCode = ExitCode.Success;
            foreach (string path in parsed.GetValue(images)!)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    Print(path, classifier.Classify(path));
                }
                catch (ImageDecodingException e)
                {
                    // One bad picture does not keep the others from being looked at.
                    Console.Error.WriteLine($"error: {e.Message}");
                    exitCode = ExitCode.Error;
                }
            }
            return exitCode;
        });
        return command;
    }

    private static void Print(string path, IReadOnlyList<Prediction> predictions)
    {
        Console.WriteLine(path);
        int width = predictions.Max(prediction => prediction.Class.Length);
        foreach (var (name, probability) in predictions)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name.PadRight(width)}  {100 * probability,6:0.00} %"));
    }
}
