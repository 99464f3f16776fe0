using System.Globalization;
using System.Text.Json;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Recipes;
using ResNet.Training.TrainingLoop;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>The paper's training on CIFAR-10, shortened to a few epochs, here and in PyTorch (<c>cifar.py</c>).</summary>
public sealed class CifarParityTests(ITestOutputHelper output) : IDisposable
{
    private const string Name = "resnet20";
    private const int Epochs = 5;
    private const int Window = 50;
    private const double Limit = 1e-5;

    private static readonly int[] s_seeds = [1, 2, 3];
    private static readonly TimeSpan s_limit = TimeSpan.FromHours(6);
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData(Name)]
    public void The_script_trains_the_same_network(string name)
    {
        using var network = ResNets.Create(name);
        network.SaveWeights(At("weights.pth"), format: WeightsFormat.PyTorch);
        Reference.RunScript("cifar.py", "logits", At("weights.pth"), _folder.Path);
        using var theirs = WeightsFile.Load(At("logits.pth"));
        using var deviations = new Deviations($"{name}, CIFAR", output);
        using var scope = NewDisposeScope();
        network.train();
        deviations.Compare("training", "logits", network.call(theirs.Tensors["input"]).detach(), theirs.Tensors["train"], Limit);
        network.eval();
        deviations.Compare("inference", "logits", network.call(theirs.Tensors["input"]).detach(), theirs.Tensors["eval"], Limit);
    }

    /// <remarks>
    /// Each side draws its own weights, order and augmentation. RESNET_CIFAR_RESULTS names a folder that keeps the results:
    /// <c>pytorch-1.json</c> and so on for PyTorch's seeds, which are not computed again, and <c>ours.json</c>.
    /// RESNET_CIFAR_IMAGES is the number of training images, by default all.
    /// </remarks>
    [LongParityFact]
    public void Loss_curves_lie_within_the_spread_of_three_PyTorch_seeds_and_the_accuracy_is_no_lower()
    {
        string results = Environment.GetEnvironmentVariable("RESNET_CIFAR_RESULTS") is { Length: > 0 } kept ? kept : _folder.Path;
        string? limit = Environment.GetEnvironmentVariable("RESNET_CIFAR_IMAGES");
        int? images = int.TryParse(limit, CultureInfo.InvariantCulture, out int number) ? number : null;
        var theirs = s_seeds.Select(seed => Theirs(results, seed, images)).ToList();
        var ours = Ours(images);
        File.WriteAllText(Path.Combine(results, "ours.json"), JsonSerializer.Serialize(ours, s_json));

        foreach (var result in theirs) result.Images.Should().Be(ours.Images, "seeds in '{0}' should be of as many images", results);
        var spread = new SeedSpread([.. theirs.Select(result => result.Losses)]);
        for (int i = 0; i < spread.Band.Count; i++)
        {
            var (lowest, highest) = spread.Band[i];
            Report($"steps to {(i + 1) * Window}", "0.0000", result => result.Losses[i]);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  band {lowest:0.0000} to {highest:0.0000}"));
        }
        Report("test accuracy in %", "0.00", result => result.Accuracy);
        Report("img/s", "0", result => result.ImagesPerSecond);
        ours.Losses.Should().HaveSameCount(spread.Band);
        spread.Outside(ours.Losses).Should().BeEmpty("each mean loss of {0} steps should lie in the band of the three seeds", Window);
        ours.Accuracy.Should().BeGreaterThanOrEqualTo(theirs.Min(result => result.Accuracy));

        void Report(string name, string format, Func<Result, double> value)
        {
            string[] numbers = [.. theirs.Prepend(ours).Select(result => value(result).ToString(format, CultureInfo.InvariantCulture))];
            output.WriteLine($"{name}: ours {numbers[0]}, PyTorch {string.Join(' ', numbers[1..])}");
        }
    }

    private static Result Theirs(string results, int seed, int? images)
    {
        string[] part = images is { } count ? ["--images", $"{count}"] : [];
        string[] arguments = [Cifar.Folder!, results, "--seed", $"{seed}", "--epochs", $"{Epochs}", .. part];
        Reference.RunScript(s_limit, "cifar.py", arguments);
        return JsonSerializer.Deserialize<Result>(File.ReadAllText(Path.Combine(results, $"pytorch-{seed}.json")), s_json)!;
    }

    private static Result Ours(int? images)
    {
        var (training, test) = DatasetSplits.Open(Cifar.Folder!);
        int ofClass = images / training.Classes.Count ?? int.MaxValue;
        var samples = training.Samples.GroupBy(sample => sample.Label).SelectMany(group => group.Take(ofClass)).ToList();
        var recipe = TrainingRecipes.Find("paper-cifar10").WithEpochs(Epochs);
        var loader = new ImageLoaderOptions { BatchSize = recipe.BatchSize };
        manual_seed(0);
        using var network = ResNets.Create(Name);
        var batches = new ImageLoader(samples, recipe.TrainingTransforms(), loader with { Shuffle = true });
        var trainer = new Trainer(batches, evaluation: null, recipe.Training);
        var outcome = trainer.Train(network);
        var losses = trainer.History.Select(step => step.Loss).ToList();
        var accuracy = new Evaluator(new ImageLoader(test.Samples, recipe.EvaluationTransforms(), loader)).Evaluate(network).Top1;
        return new Result(
            samples.Count,
            [.. losses.Chunk(Window).Where(part => part.Length == Window).Select(part => part.Average())],
            accuracy,
            outcome.Epochs.Average(epoch => epoch.ImagesPerSecond));
    }

    private string At(string file) => Path.Combine(_folder.Path, file);

    private sealed record Result(int Images, double[] Losses, double Accuracy, double ImagesPerSecond);
}
