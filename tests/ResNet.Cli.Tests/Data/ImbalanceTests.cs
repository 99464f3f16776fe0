using System.Text.Json;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Data;

/// <summary>Training on classes with different numbers of images: 24 bright and 8 dark ones.</summary>
public sealed class ImbalanceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ImbalanceTests()
    {
        TinyPictures.Write(_folder.File("photos"));
        foreach (string picture in Directory.GetFiles(_folder.File("photos/train/dark")).Order(StringComparer.Ordinal).Skip(8))
            File.Delete(picture);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Balanced_weights_and_draws_and_focal_loss_are_settings_of_the_run()
    {
        using var process = Train("--class-weights", "balanced", "--focal-loss", "2", "--sampler", "balanced", "--mixup", "0.2");
        process.ExitCode().Should().Be(0, process.Output);
        var settings = JsonDocument.Parse(File.ReadAllText(_folder.File("run/settings.json"))).RootElement;
        var training = settings.GetProperty("Training");
        // 32 / (2 * 24) and 32 / (2 * 8)
        training.GetProperty("ClassWeights").EnumerateArray().Select(weight => weight.GetDouble()).Should().Equal(32.0 / 48, 2);
        training.GetProperty("FocalGamma").GetDouble().Should().Be(2);
        settings.GetProperty("Sampler").GetString().Should().Be("Balanced");

        using var resumed = Start("train", "--resume", "run");
        resumed.ExitCode().Should().Be(0, resumed.Output);
        resumed.Output.Should().Contain("at its end already");
        using var changed = Start("train", "--resume", "run", "--sampler", "once");
        changed.ExitCode().Should().Be(1);
        changed.Output.Should().StartWith("error: --sampler cannot be changed with --resume");
    }

    [Fact]
    public void Weights_in_a_file_are_taken_by_the_names_of_the_classes()
    {
        File.WriteAllText(_folder.File("weights.json"), """{"dark": 3, /* fewer */ "bright": 0.5,}""");
        using var process = Train("--class-weights", "weights.json");
        process.ExitCode().Should().Be(0, process.Output);
        JsonDocument.Parse(File.ReadAllText(_folder.File("run/settings.json"))).RootElement
            .GetProperty("Training").GetProperty("ClassWeights").EnumerateArray().Select(weight => weight.GetDouble())
            .Should().Equal(0.5, 3);
    }

    [Theory]
    [InlineData(
        """{"dark": 3}""",
        "The class weights file 'weights.json' has no weight for the class 'bright': give one for each class.")]
    [InlineData(
        """{"dark": 3, "bright": 1, "dusk": 1}""",
        "In the class weights file 'weights.json', there is 'dusk', which is no class of '*train': its classes are bright, dark.")]
    [InlineData(
        """{"dark": 0, "bright": 1}""",
        "In the class weights file 'weights.json', dark is 0, but has to be a number more than 0.")]
    [InlineData(
        """{"dark": "3", "bright": 1}""",
        "In the class weights file 'weights.json', dark is \"3\", but has to be a number more than 0.")]
    [InlineData(
        """{"dark": 1e999, "bright": 1}""",
        "In the class weights file 'weights.json', dark is 1e999, but has to be a number more than 0.")]
    [InlineData(
        """{"dark": 1, "dark": 1}""",
        "In the class weights file 'weights.json', dark is there twice: leave one of them out.")]
    [InlineData(
        """{"\ud800": 1}""",
        "The class weights file 'weights.json' has a name that is not Unicode text: write the name of a class.")]
    [InlineData("[1, 3]", "The class weights file 'weights.json' has to be a JSON object, such as {\"healthy\": 1, \"ill\": 3}.")]
    [InlineData("{", "The class weights file 'weights.json' is not JSON: line 1: *")]
    public void A_file_with_other_weights_is_refused_in_one_sentence(string text, string message)
    {
        File.WriteAllText(_folder.File("weights.json"), text);
        Refused(message, "--class-weights", "weights.json");
    }

    [Theory]
    [InlineData(
        "--class-weights is 'nothing.json', but has to be 'balanced' or the path of a JSON file.", "--class-weights", "nothing.json")]
    [InlineData("--focal-loss is -1, but has to be at least 0.", "--focal-loss", "-1")]
    [InlineData("--sampler is 'x', but has to be *.", "--sampler", "x")]
    public void A_bad_option_is_refused_in_one_sentence(string message, params string[] arguments) => Refused(message, arguments);

    [Fact]
    public void A_threshold_is_chosen_by_evaluate_and_used_by_predict()
    {
        using var training = Train("--class-weights", "balanced");
        training.ExitCode().Should().Be(0, training.Output);
        var before = Json("predict", "--run", "run", "photos/val/dark/001.bmp")[0];
        before.GetProperty("decision").ValueKind.Should().Be(JsonValueKind.Null);

        var result = Json("evaluate", "--run", "run", "--device", "cpu", "--threshold-for", "recall=1", "--positive", "bright");
        result.GetProperty("positive_class").GetString().Should().Be("bright");
        result.GetProperty("roc_auc").GetDouble().Should().BeInRange(0, 1);
        var threshold = result.GetProperty("threshold");
        threshold.GetProperty("recall").GetDouble().Should().Be(1);
        double value = threshold.GetProperty("threshold").GetDouble();
        string[] pictures = Directory.GetFiles(_folder.File("photos/val/bright"));
        foreach (var picture in Json(["predict", "--run", "run", .. pictures]).EnumerateArray())
        {
            picture.GetProperty("decision").GetString().Should().Be("bright", "the recall is 1");
            picture.GetProperty("predictions").EnumerateArray()
                .Single(prediction => prediction.GetProperty("class").GetString() == "bright")
                .GetProperty("probability").GetDouble().Should().BeGreaterThan(value);
        }
        using var shown = Start("predict", "--run", "run", "photos/val/bright/000.bmp");
        shown.ExitCode().Should().Be(0, shown.Output);
        shown.Output.Should().Contain("predicted: bright (the threshold of bright is ").And.Contain(", chosen for recall=1)");

        RefusedEvaluation("--threshold-for is 'accuracy', but has to be f1, *.", "--threshold-for", "accuracy");
        RefusedEvaluation(
            "--threshold-for is for 'predict', which does not mirror images: leave --flips out.", "--threshold-for", "f1", "--flips");
        RefusedEvaluation("--positive is 'dusk', but has to be one of bright, dark.", "--positive", "dusk");
    }

    private void RefusedEvaluation(string message, params string[] arguments)
    {
        using var process = Start(["evaluate", "--run", "run", .. arguments]);
        process.ExitCode().Should().Be(1);
        process.Output.Trim().Should().Match($"error: {message}").And.NotContain("\n");
    }

    private JsonElement Json(params IEnumerable<string> arguments)
    {
        using var process = Start([.. arguments, "--json"]);
        process.ExitCode().Should().Be(0, process.Output);
        return JsonDocument.Parse(process.StandardOutput).RootElement;
    }

    private void Refused(string message, params string[] arguments)
    {
        using var process = Train(arguments);
        process.ExitCode().Should().Be(1);
        process.Output.Trim().Should().Match($"error: {message}").And.NotContain("\n");
        Directory.Exists(_folder.File("run")).Should().BeFalse();
    }

    private ConsoleProcess Train(params IEnumerable<string> arguments) => Start(
        ["train", "--dataset", "photos", "--network", "resnet20", "--epochs", "1", "--batch-size", "8", "--device", "cpu",
        "--output", "run", .. arguments]);

    private ConsoleProcess Start(params IEnumerable<string> arguments) =>
        ConsoleProcess.StartIn(_folder.Path, new Dictionary<string, string>(), "resnet", arguments);
}
