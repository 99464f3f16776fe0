using System.Text.Json;
using ResNet.Testing;

namespace ResNet.Cli.Tests;

/// <summary><c>--json</c> writes a document for other programs and nothing else.</summary>
public sealed class JsonTests(JsonTests.Place place) : IClassFixture<JsonTests.Place>
{
    [Fact]
    public void Training_gives_its_folder_and_what_came_out_of_each_epoch()
    {
        var trained = place.Trained;
        trained.GetProperty("run").GetString().Should().Be("run");
        File.Exists(place.In(trained.GetProperty("report").GetString()!)).Should().BeTrue();
        trained.GetProperty("network").GetString().Should().Be("resnet20");
        trained.GetProperty("interrupted").GetBoolean().Should().BeFalse();
        trained.GetProperty("steps").GetInt64().Should().Be(6);
        var epochs = trained.GetProperty("epochs").EnumerateArray().ToList();
        epochs.Select(epoch => epoch.GetProperty("epoch").GetInt32()).Should().Equal(1, 2);
        string[] row = File.ReadLines(place.In("run", "metrics.csv")).Last().Split(',');
        epochs[1].GetProperty("train_loss").GetDouble().Should()
            .BeApproximately(double.Parse(row[2], System.Globalization.CultureInfo.InvariantCulture), 1e-6);
        epochs[1].GetProperty("train_top1").GetDouble().Should().BeApproximately(
            double.Parse(row[13], System.Globalization.CultureInfo.InvariantCulture), 1e-4);
        epochs[1].GetProperty("peak_memory_bytes").GetInt64().Should().BeGreaterThan(50_000_000).And.BeLessThan(20_000_000_000);
        epochs[1].GetProperty("average_top1").ValueKind.Should().Be(JsonValueKind.Null, "there is no average, and JSON has no NaN");
        trained.GetProperty("best").GetProperty("top1").GetDouble().Should().Be(epochs.Max(epoch => epoch.GetProperty("top1").GetDouble()));
    }

    [Fact]
    public void Evaluation_gives_the_numbers_of_the_best_epoch()
    {
        var result = place.Json(0, "evaluate", "--run", "run", "--device", "cpu");
        result.GetProperty("images").GetInt32().Should().Be(16);
        result.GetProperty("skipped_images").GetInt32().Should().Be(0);
        result.GetProperty("top1").GetDouble().Should().Be(place.Trained.GetProperty("best").GetProperty("top1").GetDouble());
        result.GetProperty("calibration_error").GetDouble().Should().BeInRange(0, 1);
        var classes = result.GetProperty("classes").EnumerateArray().ToList();
        classes.Select(row => row.GetProperty("class").GetString()).Should().Equal("bright", "dark");
        classes.Sum(row => row.GetProperty("images").GetInt32()).Should().Be(16);
        result.GetProperty("balanced_accuracy").GetDouble().Should()
            .BeApproximately(100 * classes.Average(row => row.GetProperty("recall").GetDouble()), 1e-9);
        result.GetProperty("macro_f1").GetDouble().Should()
            .BeApproximately(classes.Average(row => row.GetProperty("f1").GetDouble()), 1e-9);
        result.GetProperty("dataset").GetString().Should().EndWith("val");
        result.GetProperty("top5").GetDouble().Should().Be(100, "of two classes, the document has the number");
        using var shown = place.Start("evaluate", "--run", "run", "--device", "cpu");
        shown.ExitCode().Should().Be(0, shown.Output);
        shown.Output.Should().Contain(", top-1 ").And.NotContain("top-5", "it is always 100 % for two classes");
    }

    [Fact]
    public void Pictures_get_their_classes_and_those_that_cannot_be_read_an_error()
    {
        string picture = Path.Combine("photos", "val", "dark", "001.bmp");
        var pictures = place.Json(1, "predict", "--run", "run", "--device", "cpu", "--explain", "--output", "maps", picture, "nothing.jpg")
            .EnumerateArray().ToList();
        pictures[0].GetProperty("image").GetString().Should().Be(picture);
        pictures[0].GetProperty("predictions").EnumerateArray()
            .Sum(prediction => prediction.GetProperty("probability").GetDouble()).Should().BeApproximately(1, 1e-6);
        File.Exists(place.In(pictures[0].GetProperty("heat_map").GetString()!)).Should().BeTrue();
        pictures[1].GetProperty("error").GetString().Should().Contain("nothing.jpg");
    }

    [Fact]
    public void A_summary_gives_every_layer()
    {
        var summary = place.Json(0, "summary", "resnet18");
        summary.GetProperty("parameters").GetInt64().Should().Be(11_689_512, "torchvision's network has as many");
        var layers = summary.GetProperty("layers").EnumerateArray().ToList();
        layers[0].GetProperty("name").GetString().Should().Be("conv1");
        layers[0].GetProperty("output_shape").EnumerateArray().Select(length => length.GetInt64()).Should().Equal(1, 64, 112, 112);
        layers.Sum(layer => layer.GetProperty("parameters").GetInt64()).Should().Be(11_689_512);
    }

    [Fact]
    public void Networks_come_with_their_paper_and_published_weights()
    {
        var networks = place.Json(0, "networks").EnumerateArray().ToDictionary(network => network.GetProperty("name").GetString()!);
        networks["resnet50"].GetProperty("weights").EnumerateArray()
            .Select(weights => weights.GetProperty("top1").GetDouble()).Should().Equal(76.130, 80.858);
        networks["resnet50"].GetProperty("paper").GetProperty("address").GetString().Should().Be("https://arxiv.org/abs/1512.03385");
        networks["resnet20"].GetProperty("image_size").GetInt32().Should().Be(32);
        networks["resnet20"].GetProperty("weights").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public void Runs_are_compared_by_the_settings_that_differ()
    {
        Directory.CreateDirectory(place.In("other"));
        File.Copy(place.In("run", "metrics.csv"), place.In("other", "metrics.csv"), overwrite: true);
        string settings = File.ReadAllText(place.In("run", "settings.json"));
        File.WriteAllText(place.In("other", "settings.json"), settings.Replace("\"Seed\": 0", "\"Seed\": 7", StringComparison.Ordinal));
        var comparison = place.Json(0, "compare", "run", "other");
        comparison.GetProperty("runs").EnumerateArray().Select(run => run.GetString()).Should().Equal("run", "other");
        var results = comparison.GetProperty("results").EnumerateArray().ToList();
        results[1].GetProperty("best").GetProperty("top1").GetDouble().Should()
            .BeApproximately(place.Trained.GetProperty("best").GetProperty("top1").GetDouble(), 1e-4);
        var difference = comparison.GetProperty("differences").EnumerateArray().Should().ContainSingle().Subject;
        difference.GetProperty("setting").GetString().Should().Be("Seed");
        difference.GetProperty("values").EnumerateArray().Select(value => value.GetString()).Should().Equal("0", "7");

        const string Note = "Whether the runs were evaluated on the same images is not known, so none of them is marked as the best: ";
        comparison.GetProperty("is_ranked").GetBoolean().Should().BeFalse("the copy has no images.tsv");
        comparison.GetProperty("images_note").GetString().Should().StartWith(Note + "run on 16 validation images of ")
            .And.EndWith("; other has no images.tsv, so its images are not known.");
        using (var process = place.Start("compare", "run", "other"))
        {
            process.ExitCode().Should().Be(0, process.Output);
            process.Output.Should().Contain("\n" + Note);
        }
        File.Copy(place.In("run", "images.tsv"), place.In("other", "images.tsv"), overwrite: true);
        var ranked = place.Json(0, "compare", "run", "other");
        ranked.GetProperty("is_ranked").GetBoolean().Should().BeTrue();
        ranked.GetProperty("images_note").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Fact]
    public void What_is_wrong_with_images_is_listed_in_full()
    {
        string broken = place.In("doubtful", "train", "dark", "broken.jpg");
        TinyPictures.Write(place.In("doubtful"));
        for (int i = 0; i < 30; i++) File.WriteAllText(broken.Replace("broken", $"broken{i}", StringComparison.Ordinal), "no picture");
        File.Copy(place.In("doubtful", "train", "dark", "001.bmp"), place.In("doubtful", "train", "bright", "001.bmp"));
        var report = place.Json(1, "verify-data", "doubtful", "--min-size", "33");
        report.GetProperty("is_clean").GetBoolean().Should().BeFalse();
        report.GetProperty("broken").GetArrayLength().Should().Be(30);
        report.GetProperty("too_small").GetArrayLength().Should().Be(48 + 16 + 1);
        report.GetProperty("in_several_classes").EnumerateArray().Should().ContainSingle()
            .Subject.GetProperty("classes").EnumerateArray().Select(name => name.GetString()).Should().Equal("bright", "dark");
    }

    [Fact]
    public void Packs_and_exports_say_what_they_made()
    {
        var packs = place.Json(0, "pack", "photos", "packed").EnumerateArray().ToList();
        packs.Select(pack => pack.GetProperty("images").GetInt32()).Should().Equal(TinyPictures.Training, 16);
        packs.Should().OnlyContain(
            pack => !pack.GetProperty("up_to_date").GetBoolean() && pack.GetProperty("left_out").GetArrayLength() == 0);
        place.Json(0, "pack", "photos", "packed").EnumerateArray().Should()
            .OnlyContain(pack => pack.GetProperty("up_to_date").GetBoolean());

        var file = place.Json(0, "export", "run", "--format", "safetensors");
        file.GetProperty("format").GetString().Should().Be("safetensors");
        file.GetProperty("bytes").GetInt64().Should().Be(new FileInfo(place.In(file.GetProperty("path").GetString()!)).Length);
    }

    [Fact]
    public void A_data_set_that_is_there_comes_with_its_folder()
    {
        string folder = place.In("cache", "imagenette2-160");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ".complete"), "");
        var dataset = place.Json(0, "download", "imagenette2-160");
        dataset.GetProperty("folder").GetString().Should().Be(folder);
        dataset.GetProperty("training_images").GetInt32().Should().Be(9_469);
    }

    [Theory]
    [InlineData("error: NETWORK is 'resnet17', but has to be the name of a network; the nearest are ", "summary", "resnet17")]
    [InlineData("error: There is no run folder 'nowhere'", "evaluate", "--run", "nowhere")]
    [InlineData("error: --seed is 'x', but has to be a whole number.", "train", "--seed", "x")]
    public void A_failure_leaves_standard_output_empty(string message, params string[] arguments)
    {
        using var process = place.Start([.. arguments, "--json"]);
        process.ExitCode().Should().Be(1);
        process.Output.Should().StartWith(message);
        process.StandardOutput.Should().BeEmpty();
    }

    [Fact]
    public void A_run_that_is_stopped_says_so_in_its_document()
    {
        if (OperatingSystem.IsWindows()) return;
        using var process = place.Start(
            "train", "--dataset", "photos", "--network", "resnet20", "--epochs", "500", "--batch-size", "8", "--device", "cpu",
            "--output", "stopped", "--json");
        process.WaitUntil(() => process.Output.Contains("Epoch 1/", StringComparison.Ordinal));
        process.Signal(ConsoleProcess.Interrupt);
        process.ExitCode().Should().Be(130, process.Output);
        var outcome = JsonDocument.Parse(process.StandardOutput).RootElement;
        outcome.GetProperty("interrupted").GetBoolean().Should().BeTrue();
        outcome.GetProperty("run").GetString().Should().Be("stopped");
    }

    /// <summary>A folder with photos and a run.</summary>
    public sealed class Place : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        /// <summary>Makes the folder.</summary>
        public Place()
        {
            TinyPictures.Write(In("photos"));
            Trained = Json(
                0, "train", "--dataset", "photos", "--network", "resnet20", "--epochs", "2", "--batch-size", "16", "--device", "cpu",
                "--output", "run");
        }

        internal JsonElement Trained { get; }

        public void Dispose() => _folder.Dispose();

        internal string In(params IEnumerable<string> names) => Path.Combine([_folder.Path, .. names]);

        internal ConsoleProcess Start(params IEnumerable<string> arguments) =>
            ConsoleProcess.StartIn(_folder.Path, new Dictionary<string, string> { ["RESNET_CACHE"] = In("cache") }, "resnet", arguments);

        internal JsonElement Json(int exitCode, params string[] arguments)
        {
            using var process = Start([.. arguments, "--json"]);
            process.ExitCode().Should().Be(exitCode, process.Output);
            return JsonDocument.Parse(process.StandardOutput).RootElement;
        }
    }
}
