using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace Documented;

/// <summary>Variables that code in the documentation uses without declaring them.</summary>
#pragma warning disable IDE1006
internal abstract class Given
{
    private static readonly Lazy<ResNetModel> s_network = new(() => ResNets.ResNet18(classes: 2));
    private static readonly Lazy<EvaluationResult> s_result = new(() => new Evaluator(loader).Evaluate(network));

    protected static ImageFolder train => new(Directory.Exists("photos/train") ? "photos/train" : "photos");

    protected static IReadOnlyList<ImageSample> samples => train.Samples;

    protected static IReadOnlyList<string> classes => train.Classes;

    protected static ImageLoader loader => new(samples, Presets.Evaluation(64), new ImageLoaderOptions { BatchSize = 16 });

    protected static ResNetModel network => s_network.Value;

    protected static EvaluationResult result => s_result.Value;

    protected static Device device => CPU;

    protected static int epoch => 0;

    protected static int cat => 0;

    protected static int dog => 1;
}
