using System.Reflection;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats.Storage;
using ResNet.Core.Weights.Published;

// Runs code of the documentation, one block after the other, in the current folder:
//
//   consumer CLASS…      a line "ran CLASS" for each, or "needs a download: CLASS" where published weights are not available
//
// First it saves weights of resnet50, as if they came from somewhere else.
using (var network = ResNets.Create("resnet50")) network.SaveWeights("checkpoint.pth", format: WeightsFormat.PyTorch);

foreach (string name in args)
{
    try
    {
        var run = Assembly.GetExecutingAssembly().GetType($"Documented.{name}", throwOnError: true)!
            .GetMethod("Run", BindingFlags.Static | BindingFlags.NonPublic)!;
        await (Task)run.Invoke(null, null)!;
        Console.WriteLine($"ran {name}");
    }
    catch (WeightsDownloadException)
    {
        Console.WriteLine($"needs a download: {name}");
    }
}
