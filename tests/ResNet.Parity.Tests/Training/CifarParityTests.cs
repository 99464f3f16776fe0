using System.Globalization;
using System.Text.Json;
using ResNet.Core;
using ResNet.Core.Weights.Formats;
using ResNet.Core.Weights.Formats.Storage;
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

    private readonly string _folder = Directory.CreateTempSubdirectory("parity-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ParityTheory]
    [InlineData(Name)]
    public void The_script_trains_the_same_network(string name)
    {
        using var network = ResNets.Create(name);
        network.SaveWeights(At("weights.pth"), format: WeightsFormat.PyTorch);
        Reference.RunScript("cifar.py", "logits", At("weights.pth"), _folder);
        using var theirs = WeightsFile.Load(At("logits.pth"));
        using var deviations = new Deviations($"{name}, CIFAR", output);
        using var scope = NewDisposeScope();
        network.train();
        deviations.Compare("training", "logits", network.call(theirs.Tensors["input"]).detach(), theirs.Tensors["train"], Limit);
        network.eval();
        deviations.Compare("inference", "logits", network.call(theirs.Tensors["input"]).detach(), theirs.Tensors["eval"], Limit);
    }

    /// <remarks>
    /// Either side draws its own weights, order and augmentation. RESNET_CIFAR_RESULTS names a folder in which the results of PyTorch's seeds
    /// stay (<c>pytorch-1.json</c> and so on; those that are there are not computed again), with ours in <c>ours.json</c>; RESNET_CIFAR_IMAGES
    /// says how many of the training images are used, all by default.
    /// </remarks>
    [LongParityFact]
    public void Loss_curves_lie_within_the_spread_of_three_PyTorch_seeds_and_the_accuracy_is_no_lower()
    {
        string results = Environment.GetEnvironmentVariable("RESNET_CIFAR_RESULTS") is { Length: > 0 } kept ? kept : _folder;
        int? images = int.TryParse(Environment.GetEnvironmentVariable("RESNET_CIFAR_IMAGES"), CultureInfo.InvariantCulture, out int number) ? number : null;
        var theirs = s_seeds.Select(seed => Theirs(results, seed, images)).ToList();
        var ours = Ours(images);
        File.WriteAllText(Path.Combine(results, "ours.json"), JsonSerializer.Serialize(ours, s_json));

        foreach (var result in theirs) result.Images.Should().Be(ours.Images, "seeds in '{0}' should be of as many images", results);
        var spread = new SeedSpread([.. theirs.Select(result => result.Losses)]);
        for (int i = 0; i < spread.Band.Count; i++)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"steps to {(i + 1) * Window}: ours {ours.Losses[i]:0.0000}, PyTorch {string.Join(' ', theirs.Select(result => result.Losses[i].ToString("0.0000", CultureInfo.InvariantCulture)))}, band {spread.Band[i].Lowest:0.0000} to {spread.Band[i].Highest:0.0000}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"test accuracy: ours {ours.Accuracy:0.00} %, PyTorch {string.Join(' ', theirs.Select(result => result.Accuracy.ToString("0.00", CultureInfo.InvariantCulture)))} %"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"img/s: ours {ours.ImagesPerSecond:0}, PyTorch {string.Join(' ', theirs.Select(result => result.ImagesPerSecond.ToString("0", CultureInfo.InvariantCulture)))}"));
        ours.Losses.Should().HaveSameCount(spread.Band);
        spread.Outside(ours.Losses).Should().BeEmpty("each mean loss of {0} steps should lie in the band of the three seeds", Window);
        ours.Accuracy.Should().BeGreaterThanOrEqualTo(theirs.Min(result => result.Accuracy));
    }

    private static Result Theirs(string results, int seed, int? images)
    {
        string[] part = images is { } count ? ["--images", $"{count}"] : [];
        Reference.RunScript(s_limit, "cifar.py", [LongParityFactAttribute.Images!, results, "--seed", $"{seed}", "--epochs", $"{Epochs}", .. part]);
        return JsonSerializer.Deserialize<Result>(File.ReadAllText(Path.Combine(results, $"pytorch-{seed}.json")), s_json)!;
    }

    private static Result Ours(int? images)
    {
        var (training, test) = ImageFolder.OpenSplits(LongParityFactAttribute.Images!);
        int ofClass = images / training.Classes.Count ?? int.MaxValue;
        var samples = training.Samples.GroupBy(sample => sample.Label).SelectMany(group => group.Take(ofClass)).ToList();
        var recipe = TrainingRecipes.Find("paper-cifar10").WithEpochs(Epochs);
        var loader = new ImageLoaderOptions { BatchSize = recipe.BatchSize };
        manual_seed(0);
        using var network = ResNets.Create(Name);
        var trainer = new Trainer(new ImageLoader(samples, recipe.TrainingTransforms(), loader with { Shuffle = true }), evaluation: null, recipe.Training);
        var outcome = trainer.Train(network);
        var losses = trainer.History.Select(step => step.Loss).ToList();
        var accuracy = new Evaluator(new ImageLoader(test.Samples, recipe.EvaluationTransforms(), loader)).Evaluate(network).Top1;
        return new Result(
            samples.Count, [.. losses.Chunk(Window).Where(part => part.Length == Window).Select(part => part.Average())], accuracy,
            outcome.Epochs.Average(epoch => epoch.ImagesPerSecond));
    }

    private string At(string file) => Path.Combine(_folder, file);

    private sealed record Result(int Images, double[] Losses, double Accuracy, double ImagesPerSecond);
}
