using System.Text.Json;
using ResNet.Testing;

namespace ResNet.Cli.Tests;

/// <summary>Settings that <c>train</c> takes from a file or from the data set if the command line has none.</summary>
public sealed class SettingsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SettingsFileTests() => TinyPictures.Write(In("photos"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_says_what_the_command_line_does_not_and_the_command_line_counts_more()
    {
        Write("""
            {
              // Names are those of the options, in any of three spellings.
              "dataset": "photos",
              "network": "resnet50",
              "epochs": 1,
              "batch_size": 16,
              "learningRate": 2e-3,
              "weight-decay": 0.01,
              "optimizer": "adamw",
              "average": true,
              "progressive": false,
              "seed": 1,
            }
            """);
        var settings = Train("--network", "resnet20", "--seed=3", "--average");
        settings.GetProperty("Network").GetString().Should().Be("resnet20");
        settings.GetProperty("Seed").GetInt64().Should().Be(3);
        settings.GetProperty("Dataset").GetString().Should().EndWith("photos");
        settings.GetProperty("BatchSize").GetInt32().Should().Be(16);
        var training = settings.GetProperty("Training");
        training.GetProperty("Epochs").GetInt32().Should().Be(1);
        training.GetProperty("Optimizer").GetProperty("LearningRate").GetDouble().Should().Be(0.002);
        training.GetProperty("Optimizer").GetProperty("WeightDecay").GetDouble().Should().Be(0.01);
        training.GetProperty("Average").ValueKind.Should().Be(JsonValueKind.Object);
        training.GetProperty("ProgressiveSize").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Theory]
    [InlineData(
        """{"epoch": 1}""",
        "In the settings file 'settings.json', there is 'epoch', which is no setting: give dataset, validation-split, network,*")]
    [InlineData("""{"epochs": "1"}""", "In the settings file 'settings.json', epochs is \"1\", but has to be a whole number.")]
    [InlineData("""{"epochs": 1.5}""", "In the settings file 'settings.json', epochs is '1.5', but has to be a whole number.")]
    [InlineData("""{"learning_rate": -1}""", "In the settings file 'settings.json', learning_rate is -1, but has to be more than 0.")]
    [InlineData("""{"average": 1}""", "In the settings file 'settings.json', average is 1, but has to be true or false.")]
    [InlineData(
        """{"schedule": "sine"}""",
        "In the settings file 'settings.json', schedule is 'sine', but has to be one of Cosine, Step, OneCycle, Polynomial, Constant.")]
    [InlineData(
        """{"network": "resnet17"}""",
        "In the settings file 'settings.json', network is 'resnet17', but has to be the name of a network; the nearest are *")]
    [InlineData(
        """{"dataset": "photos", "image-size": 0}""",
        "In the settings file 'settings.json', image-size is 0, but has to be at least 1.")]
    [InlineData(
        """{"dataset": "photos", "optimizer": "adamw", "momentum": 0.5}""",
        "In the settings file 'settings.json', momentum is for --optimizer sgd: leave it out.")]
    [InlineData(
        """{"dataset": "photos", "device": "gpu"}""",
        "In the settings file 'settings.json', device is 'gpu': There is no device 'gpu': give cpu, cuda or cuda:N.")]
    [InlineData("""{"dataset": "photoz"}""", "In the settings file 'settings.json', dataset is 'photoz': There is no folder 'photoz'*")]
    [InlineData(
        """{"dataset": "photos", "classWeights": "w.json"}""",
        "In the settings file 'settings.json', classWeights is 'w.json', but has to be 'balanced' or the path of a JSON file.")]
    [InlineData(
        """{"dataset": "photos", "class-weights": "settings.json"}""",
        "In the settings file 'settings.json', class-weights is 'settings.json': In the class weights file 'settings.json', dataset is *")]
    [InlineData(
        """{"resume": "runs/mine"}""",
        "In the settings file 'settings.json', there is resume, which belongs on the command line: leave it out.")]
    [InlineData("""{"seed": 1, "Seed": 2}""", "In the settings file 'settings.json', seed is there twice: leave one of them out.")]
    [InlineData("""{"dataset": "a\u0000b"}""", "In the settings file 'settings.json', dataset is \"a\\u0000b\", but has to be *")]
    [InlineData("""{"dataset": "\ud800"}""", "In the settings file 'settings.json', dataset is \"\\ud800\", but has to be *")]
    [InlineData("\uFEFF[]", "The settings file 'settings.json' has to be a JSON object, such as {\"epochs\": 5}.")]
    [InlineData("[]", "The settings file 'settings.json' has to be a JSON object, such as {\"epochs\": 5}.")]
    [InlineData("{\n\"epochs\": 1\n\"seed\": 2}", "The settings file 'settings.json' is not JSON: line 3: *")]
    public void What_a_file_has_wrong_is_told_in_one_sentence_that_names_it(string text, string message)
    {
        Write(text);
        Refused("--settings", "settings.json").Should().Match($"error: {message}").And.NotContain("\n");
    }

    [Fact]
    public void A_mistake_that_another_setting_may_have_made_is_not_that_of_the_data_set()
    {
        Write("""{"dataset": "photos", "network": "resnet20"}""");
        Refused("--settings", "settings.json", "--validation-split", "0.2").Should().StartWith("error: '")
            .And.Contain("has val/ beside its training images already");
    }

    [Fact]
    public void A_mistake_of_the_command_line_is_not_that_of_a_file_with_the_same_value()
    {
        Write("""{"output": "photoz", "network": "resnet20"}""");
        Refused("--settings", "settings.json", "--dataset", "photoz").Should().StartWith("error: There is no folder 'photoz'");
        Refused("--settings", "settings.json", "--dataset", "photos", "--recipe", "resnet20").Should()
            .StartWith("error: --recipe is 'resnet20', but has to be ");
    }

    [Fact]
    public void A_file_has_to_be_there_and_goes_with_a_new_run_only()
    {
        Refused("--settings", "nothing.json").Should().Be("error: The settings file 'nothing.json' cannot be read: it is not there.");
        Refused("--settings", "nothing.json", "--resume", "run").Should().StartWith("error: --settings cannot be changed with --resume");
    }

    [Theory]
    [InlineData("imagenette-5", 5)]
    [InlineData("imagenette-5", 1, "--epochs", "1")]
    [InlineData("fine-tune", 1, "--recipe", "fine-tune", "--epochs", "1")]
    public void Imagenette_is_trained_by_its_recipe_of_five_epochs_unless_another_is_asked_for(
        string recipe, int epochs, params string[] arguments)
    {
        // The mark of a complete copy replaces the download.
        string imagenette = In("cache", "imagenette2-160");
        TinyPictures.Write(imagenette, training: 64);
        File.WriteAllText(Path.Combine(imagenette, ".complete"), "");
        Write("""{"dataset": "imagenette2-160", "network": "resnet20"}""");
        var settings = Train(arguments);
        settings.GetProperty("Recipe").GetString().Should().Be(recipe);
        settings.GetProperty("BatchSize").GetInt32().Should().Be(64);
        settings.GetProperty("Training").GetProperty("Epochs").GetInt32().Should().Be(epochs);
        File.ReadAllLines(In("run", "metrics.csv")).Should().HaveCount(1 + epochs);
    }

    private string In(params IEnumerable<string> names) => Path.Combine([_folder.Path, .. names]);

    private void Write(string text) => File.WriteAllText(In("settings.json"), text);

    private JsonElement Train(params string[] arguments)
    {
        using var process = Start(["--settings", "settings.json", "--output", "run", "--device", "cpu", .. arguments]);
        process.ExitCode().Should().Be(0, process.Output);
        return JsonDocument.Parse(File.ReadAllText(In("run", "settings.json"))).RootElement;
    }

    private string Refused(params string[] arguments)
    {
        using var process = Start(arguments);
        process.ExitCode().Should().Be(1);
        return process.Output.Trim();
    }

    private ConsoleProcess Start(params IEnumerable<string> arguments) =>
        ConsoleProcess.StartIn(
            _folder.Path, new Dictionary<string, string> { ["RESNET_CACHE"] = In("cache") }, "resnet", ["train", .. arguments]);
}
