using System.Text.Json;
using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Engines;

/// <summary><c>--engine</c> and <c>--weights</c> of <c>evaluate</c> and <c>predict</c>, with the run of the fixture.</summary>
public sealed class EngineTests(EngineTests.Trained trained) : IClassFixture<EngineTests.Trained>
{
    [Theory]
    [InlineData()]
    [InlineData("--flips")]
    public void Evaluations_by_both_engines_give_the_same_results(params string[] options)
    {
        var torch = trained.Json(["evaluate", "--run", "run", "--device", "cpu", "--engine", "torch", .. options]);
        foreach (string[] engine in new string[][] { [], ["--engine", "inference"] })
        {
            var result = trained.Json(["evaluate", "--run", "run", "--device", "cpu", .. engine, .. options]);
            result.GetProperty("engine").GetString().Should().Be("inference");
            var differing = result.EnumerateObject().Where(value => !IsSame(value.Value, torch.GetProperty(value.Name)));
            differing.Select(value => value.Name).Should().BeSubsetOf(["engine", "images_per_second"]);
        }
        torch.GetProperty("engine").GetString().Should().Be("torch");
    }

    [Fact]
    public void The_output_names_the_engine()
    {
        trained.Run(0, "evaluate", "--run", "run", "--device", "cpu").Should().Contain(" img/s with ResNet.Inference");
        trained.Run(0, "evaluate", "--run", "run", "--device", "cpu", "--engine", "torch").Should().Contain(" img/s with TorchSharp");
    }

    [Fact]
    public void Train_says_what_computes_and_shows_its_profile()
    {
        string[] train = ["train", "--dataset", "photos", "--network", "resnet20", "--batch-size", "4", "--steps", "5", "--device", "cpu"];
        string kernels = trained.Run(0, [.. train, "--output", "kernels", "--profile"]);
        kernels.Should().NotContain("libtorch computes").And.Contain("Profile of 2 steps after the first 3: ")
            .And.Contain("weight gradient").And.Contain("The trace is in kernels/trace.json: ");
        File.Exists(trained.In("kernels/trace.json")).Should().BeTrue();
        File.ReadAllText(trained.In("kernels/settings.json")).Should().Contain("\"Engine\": \"Kernels\"");

        string torch = trained.Run(0, [.. train, "--output", "torch", "--engine", "torch", "--profile"]);
        torch.Should().NotContain("libtorch computes", "it was asked for")
            .And.Contain("Profile of 2 steps").And.NotContain("weight gradient");
        File.ReadAllText(trained.In("torch/settings.json")).Should().Contain("\"Engine\": \"Torch\"");
        // Processors without bfloat16 train in full precision, with kernels.
        string low = trained.Run(0, [.. train, "--output", "low", "--precision", "bfloat16", "--profile"]);
        bool hasKernels = low.Contains("weight gradient", StringComparison.Ordinal);
        low.Contains("libtorch computes the network. There are kernels for single precision only, and the precision is BFloat16.")
            .Should().Be(!hasKernels, low);
        trained.Run(1, [.. train, "--engine", "inference"])
            .Should().Contain("--engine is 'inference', but has to be one of Kernels, Torch");
    }

    [Fact]
    public void A_run_its_weights_and_its_export_predict_the_same_with_both_engines()
    {
        string[] pictures = Directory.GetFiles(trained.In("photos/val"), "*.bmp", SearchOption.AllDirectories);
        string[][] sources =
        [
            ["--run", "run"], ["--run", "run", "--engine", "inference"], ["--weights", "run/weights.safetensors"],
            ["--weights", "run/weights.safetensors", "--engine", "torch"], ["--weights", Trained.Exported],
            ["--weights", Trained.Exported, "--engine", "inference", "--device", "cpu"],
        ];
        var expected = trained.Json(["predict", "--run", "run", "--device", "cpu", "--engine", "torch", .. pictures]);
        expected.GetArrayLength().Should().Be(16);
        foreach (string[] source in sources)
            IsSame(trained.Json(["predict", .. source, .. pictures]), expected).Should().BeTrue(string.Join(' ', source));
    }

    [Fact]
    public void An_exported_file_predicts_without_libtorch()
    {
        string program = trained.CopyWithoutLibtorch(), picture = Directory.GetFiles(trained.In("photos/val/dark"))[0];
        trained.RunCopy(program, 0, "predict", "--weights", Trained.Exported, picture)
            .Should().Be(trained.Run(0, "predict", "--weights", Trained.Exported, picture)).And.Contain(" %");
        trained.RunCopy(program, null, "predict", "--run", "run", picture).Should().Contain("orch", "a run needs libtorch")
            .And.NotContain(" %");
    }

    [Fact]
    public void An_exported_file_explains_without_libtorch()
    {
        string program = trained.CopyWithoutLibtorch(), picture = Directory.GetFiles(trained.In("photos/val/dark"))[0];
        string[] explain = ["predict", picture, "--explain", "--class", "dark", "--output", trained.In("maps")];
        trained.RunCopy(program, 0, [.. explain, "--weights", Trained.Exported]).Should().Contain("where it sees dark: ");
        string file = Directory.GetFiles(trained.In("maps")).Should().ContainSingle().Subject;
        byte[] map = Pixels(file);
        // Pictures of 32 pixels show more at an earlier stage, unless the last one is asked for.
        trained.Run(0, [.. explain, "--run", "run", "--stage", "3"]);
        byte[] exact = Pixels(file);
        map.Should().HaveSameCount(exact);
        map.Zip(exact).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) <= 2, "only rounding differs");
    }

    [Fact]
    public void A_map_that_shows_nothing_says_so()
    {
        using var network = ResNets.Create("resnet18", classes: 2, seed: 1);
        var preprocessing = new Preprocessing(28, 28, ImageInterpolation.Bilinear, [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);
        string file = trained.In("small.safetensors"), picture = Directory.GetFiles(trained.In("photos/val/dark"))[0];
        network.SaveForInference(file, new InferenceExportOptions { Classes = ["a", "b"], Preprocessing = preprocessing });
        string[] lines =
        [
            .. new[] { "a", "b" }.Select(name => trained.Run(
                0, "predict", "--weights", file, "--explain", "--class", name, "--output", trained.In("small"), picture)),
        ];
        lines.Should().OnlyContain(line => line.Contains("the map is the same everywhere") || line.Contains("the map is empty"));
    }

    private static byte[] Pixels(string file)
    {
        using var image = ImageDecoder.Open(file, channels: 3);
        byte[] pixels = new byte[image.Width * image.Height * 3];
        image.CropResizeInto(0, 0, image.Width, image.Height, image.Width, image.Height, flipHorizontally: false, pixels);
        return pixels;
    }

    [Theory]
    [InlineData("--engine is 'onnx', but has to be one of Inference, Torch.*", "evaluate", "--run", "run", "--engine", "onnx")]
    [InlineData(
        "--explain needs gradients, which --engine inference does not compute: leave one of them out, or give a file for inference by "
        + "--weights.",
        "predict", "--run", "run", "--engine", "inference", "--explain", "a.png")]
    [InlineData(
        "--stage is 1, but has to be the last, 3, for a file for inference, which gives no gradients: open the run, or its "
        + "weights.safetensors, for others.", "predict", "--weights", Trained.Exported, "--explain", "--stage", "1", "photos/val/dark")]
    [InlineData(
        "--engine is torch, but has to be Inference, since the file is for ResNet.Inference: open the run, or its weights.safetensors, for "
        + "TorchSharp.", "predict", "--weights", Trained.Exported, "--engine", "torch", "a.png")]
    [InlineData(
        "--weights takes the place of a run: leave --run out.", "predict", "--run", "run", "--weights", Trained.Exported, "a.png")]
    [InlineData("--network and --pretrained go together, and take the place of a run*",
        "predict", "--network", "resnet50", "--pretrained", "--weights", Trained.Exported, "a.png")]
    [InlineData("The file 'none.safetensors' does not exist.", "predict", "--weights", "none.safetensors", "a.png")]
    [InlineData("The file 'none.safetensors' does not exist.",
        "predict", "--weights", "none.safetensors", "--explain", "--engine", "inference", "a.png")]
    [InlineData("--weights is empty, but has to be a value. *", "predict", "--weights", "", "--explain", "a.png")]
    [InlineData("The file 'run' is a folder: name a run by --run.", "predict", "--weights", "run", "a.png")]
    [InlineData("The file 'damaged.safetensors' is damaged: its checksum does not fit its weights.",
        "predict", "--weights", "damaged.safetensors", "a.png")]
    [InlineData("The weights file 'photos.json' is not a file of weights, *", "predict", "--weights", "photos.json", "a.png")]
    public void What_cannot_be_done_is_refused_in_one_sentence(string message, params string[] arguments) =>
        trained.Run(1, arguments).Trim().Should().Match($"error: {message}").And.NotContain("\n");

    // Numbers may differ by their last digits.
    private static bool IsSame(JsonElement one, JsonElement other) => (one.ValueKind, other.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) =>
            Math.Abs(one.GetDouble() - other.GetDouble()) <= 1e-5 * Math.Max(1, Math.Abs(other.GetDouble())),
        (JsonValueKind.Array, JsonValueKind.Array) => one.GetArrayLength() == other.GetArrayLength()
            && one.EnumerateArray().Zip(other.EnumerateArray()).All(pair => IsSame(pair.First, pair.Second)),
        (JsonValueKind.Object, JsonValueKind.Object) =>
            one.EnumerateObject().All(value => IsSame(value.Value, other.GetProperty(value.Name))),
        _ => one.GetRawText() == other.GetRawText(),
    };

    /// <summary>A trained network, and its file for inference.</summary>
    public sealed class Trained : IDisposable
    {
        internal const string Exported = "exported.safetensors";

        private readonly TemporaryFolder _folder = new();

        public Trained()
        {
            TinyPictures.Write(In("photos"));
            Run(0, "train", "--dataset", "photos", "--network", "resnet20", "--epochs", "1", "--batch-size", "16", "--device", "cpu",
                "--output", "run");
            Run(0, "export", "run", "--format", "inference", "--output", Exported);
            byte[] file = File.ReadAllBytes(In(Exported));
            file[^1] ^= 1;
            File.WriteAllBytes(In("damaged.safetensors"), file);
            File.WriteAllText(In("photos.json"), "{}");
        }

        public void Dispose() => _folder.Dispose();

        internal string In(string name) => Path.Join(_folder.Path, name);

        internal string Run(int exitCode, params string[] arguments) =>
            Finish(ConsoleProcess.StartIn(_folder.Path, new Dictionary<string, string>(), "resnet", arguments), exitCode).Output;

        internal JsonElement Json(params string[] arguments) =>
            JsonSerializer.Deserialize<JsonElement>(
                Finish(ConsoleProcess.StartIn(_folder.Path, new Dictionary<string, string>(), "resnet", [.. arguments, "--json"]), 0)
                    .StandardOutput);

        /// <summary>Copies the managed assemblies of the command, and returns the path of the copy without its extension.</summary>
        internal string CopyWithoutLibtorch()
        {
            string folder = Directory.CreateDirectory(In("copy")).FullName;
            // Without the file of dependencies, the host takes the assemblies of the folder.
            foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Append(Beside("resnet.runtimeconfig.json")))
                File.Copy(file, Path.Join(folder, Path.GetFileName(file)), overwrite: true);
            return Path.Join(folder, "resnet");
        }

        // TorchSharp also looks for libtorch in the cache of packages.
        internal string RunCopy(string program, int? exitCode, params string[] arguments)
        {
            var variables = new Dictionary<string, string> { ["NUGET_PACKAGES"] = In("packages") };
            return Finish(ConsoleProcess.StartIn(_folder.Path, variables, program, arguments), exitCode).Output;
        }

        private static string Beside(string name) => Path.Join(AppContext.BaseDirectory, name);

        private static ConsoleProcess Finish(ConsoleProcess process, int? exitCode)
        {
            using (process)
            {
                int code = process.ExitCode();
                if (exitCode is { } expected) code.Should().Be(expected, process.Output);
                else code.Should().NotBe(0, process.Output);
                return process;
            }
        }
    }
}
