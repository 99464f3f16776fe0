using System.Text.Json;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Data;

/// <summary>What the commands make of folders that people really have.</summary>
public sealed class SplitCommandTests : IDisposable
{
    private static readonly string[] s_quick = ["--network", "resnet20", "--epochs", "1", "--batch-size", "2", "--workers", "1"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.File("data");

    private string Run => _folder.File("run");

    [Fact]
    public void The_validation_folder_chooses_the_best_epoch_and_the_test_folder_is_evaluated_once_at_the_end()
    {
        Fill("train", 4);
        Fill("valid", 2);
        Fill("test", 1);
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        output.Should()
            .Contain("Image size 8 × 8: the median of the images' shorter sides, which is less than the 32 that resnet20 is made for")
            .And.Contain("8 images of 2 classes")
            .And.Contain($"Test: 2 images of {Path.Join(Data, "test")}, the best weights: loss ")
            .And.NotContain("Note:");
        using var test = JsonDocument.Parse(File.ReadAllText(Path.Join(Run, "test.json")));
        test.RootElement.GetProperty("Images").GetInt32().Should().Be(2);
        File.ReadAllText(Path.Join(Run, "report.html")).Should().Contain("2 images, the best weights: loss ");

        (code, output) = Invoke("evaluate", "--run", Run, "--split", "test");
        code.Should().Be(0, output);
        output.Should().Contain($"2 images of {Path.Join(Data, "test")}: loss {Number(test.RootElement.GetProperty("Loss"))}");
        (code, output) = Invoke("evaluate", "--run", Run);
        output.Should().Contain($"4 images of {Path.Join(Data, "valid")}: ").And.NotContain("have changed");
    }

    [Fact]
    public void The_best_epoch_chosen_on_the_test_folder_is_said_in_output_and_report()
    {
        Fill("Train", 2);
        Fill("Test", 1);
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        const string note = "There are no validation images, so the best epoch is chosen on Test/, and its accuracy there is higher than "
            + "on new images.";
        output.Should().Contain($"Note: {note}");
        File.ReadAllText(Path.Join(Run, "report.html")).Should().Contain(note);
    }

    [Fact]
    public void An_image_that_is_in_both_folders_is_reported_before_training()
    {
        Fill("train", 2);
        Fill("val", 1);
        File.Copy(Path.Join(Data, "train/cat/0.png"), Path.Join(Data, "val/cat/x.png"));
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        output.Should().Contain(
            "Note: 1 image to evaluate on is also among the training images (val/cat/x.png = train/cat/0.png), so the accuracy is too "
            + "high");
    }

    [Fact]
    public void A_run_is_evaluated_on_the_images_that_it_set_aside_although_others_were_added()
    {
        Fill("", 8);
        var (code, output) = Invoke(["train", "--dataset", Data, "--validation-split", "0.25", "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        (_, string before) = Invoke("evaluate", "--run", Run, "--json");
        foreach (string name in new[] { "cat", "dog" }) Write($"{name}/00a.png", seed: 1000 + name[0]);
        (_, string after) = Invoke("evaluate", "--run", Run, "--json");
        var (old, now) = (Document(before), Document(after));
        foreach (string value in new[] { "images", "loss", "top1" })
            Number(now.GetProperty(value)).Should().Be(Number(old.GetProperty(value)));
        now.GetProperty("new").GetInt32().Should().Be(2);
        old.GetProperty("new").GetInt32().Should().Be(0);

        // The same folder by name: what was trained on is left out.
        (code, output) = Invoke("evaluate", "--run", Run, "--dataset", Data);
        code.Should().Be(0, output);
        output.Should().Contain("Left out, because the run was trained on them: 12 images.").And.Contain($"6 images of {Data}: loss ");
        (code, output) = Invoke("verify-data", "--run", Run);
        code.Should().Be(1);
        output.Should().Contain("New: 2").And.Contain("  cat/00a.png").And.Contain("The images have changed since the run began.");
    }

    [Fact]
    public void A_run_goes_on_only_with_the_same_images_wherever_they_are()
    {
        Fill("train", 4);
        Fill("val", 1);
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        // A run that is at its end goes on too: nothing is left to do.
        File.Move(Path.Join(Data, "train/cat/3.png"), Path.Join(Data, "train/dog/33.png"));
        (code, output) = Invoke("train", "--resume", Run);
        code.Should().Be(1);
        output.Should().Contain($"error: The images in '{Data}' are not those that the run '{Run}' began with: 1 is moved "
            + "(train/cat/3.png to train/dog/33.png). Put them back, give the folder where the same images are by --dataset, or "
            + "begin a new run.");
        File.Move(Path.Join(Data, "train/dog/33.png"), Path.Join(Data, "train/cat/3.png"));

        string elsewhere = _folder.File("elsewhere");
        Directory.Move(Data, elsewhere);
        (code, output) = Invoke("train", "--resume", Run, "--dataset", elsewhere);
        code.Should().Be(0, output);
        output.Should().Contain("The run was at its end already");
        (code, output) = Invoke("evaluate", "--run", Run);
        code.Should().Be(0, output);
        output.Should().Contain($"2 images of {Path.Join(elsewhere, "val")}: loss ");
    }

    [Fact]
    public void A_trained_network_is_evaluated_on_class_folders_and_on_a_test_folder_alone()
    {
        Fill("train", 2);
        Fill("val", 1);
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        foreach (string part in new[] { "", "test/" })
        {
            string other = _folder.File($"other{part.Length}");
            Write($"../{Path.GetFileName(other)}/{part}cat/a.png", 50);
            Write($"../{Path.GetFileName(other)}/{part}dog/b.png", 51);
            (code, output) = Invoke("evaluate", "--run", Run, "--dataset", other);
            code.Should().Be(0, output);
            output.Should().Contain($"2 images of {Path.Join(other, part.TrimEnd('/'))}");
        }
        (code, output) = Invoke("evaluate", "--run", Run, "--dataset", Path.Join(Data, "train"));
        code.Should().Be(1);
        output.Should().Contain("was trained on all of the 4 images in");
    }

    [Fact]
    public void Packs_and_folders_are_not_compared_and_packs_that_were_trained_on_are_refused()
    {
        Fill("train", 2);
        Fill("val", 1);
        string packs = _folder.File("packs"), other = _folder.File("other");
        Invoke("pack", Data, packs).Code.Should().Be(0);
        var (code, output) = Invoke(["train", "--dataset", packs, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        (code, output) = Invoke("evaluate", "--run", Run);
        code.Should().Be(0, output);
        output.Should().Contain($"2 images of {Path.Join(packs, "val.safetensors")}: loss ").And.NotContain("not known");
        (code, output) = Invoke("evaluate", "--run", Run, "--dataset", Data);
        code.Should().Be(0, output);
        output.Should().Contain(
            "Packs and folders cannot be compared, so whether the run was trained on some of these images is not known.");

        // Images of train/ become validation images of other packs.
        Directory.Move(Path.Join(Data, "val"), Path.Join(Data, "held"));
        Directory.Move(Path.Join(Data, "train"), Path.Join(Data, "val"));
        Directory.Move(Path.Join(Data, "held"), Path.Join(Data, "train"));
        Invoke("pack", Data, other).Code.Should().Be(0);
        (code, output) = Invoke("evaluate", "--run", Run, "--dataset", other);
        code.Should().Be(1);
        output.Should().Contain($"error: The run '{Run}' was trained on 4 of the 4 images in '{Path.Join(other, "val.safetensors")}'");
    }

    [Fact]
    public void A_run_that_another_process_records_is_not_recorded_twice()
    {
        Fill("train", 2);
        Fill("val", 1);
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        using (new FileStream(Path.Join(Run, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            (code, output) = Invoke("train", "--resume", Run);
            code.Should().Be(1, output);
            output.Should().Contain($"error: Another process trains in the run folder '{Run}': wait for its end, or choose another one.");
        }
        Invoke("train", "--resume", Run).Code.Should().Be(0);
    }

    [Fact]
    public void The_size_of_the_first_image_alone_decides_nothing()
    {
        Fill("train", 3, size: 40);
        Fill("val", 1, size: 40);
        File.WriteAllBytes(Path.Join(Data, "train/cat/0.png"), Picture(4, 1));
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(0, output);
        output.Should().Contain("Image size 32 × 32: which resnet20 is made for");
        (code, output) = Invoke(["train", "--dataset", Data, "--output", Run + "2", .. s_quick, "--image-size", "16"]);
        code.Should().Be(0, output);
        output.Should().Contain("Image size 16 × 16: which --image-size asks for");
    }

    [Fact]
    public void Files_that_are_passed_over_are_named_by_their_endings()
    {
        Fill("train", 1);
        Fill("val", 1);
        _folder.Write("data/train/cat/x.heic", [1]);
        _folder.Write("data/train/cat/y.HEIC", [1]);
        var (code, output) = Invoke("verify-data", Data);
        code.Should().Be(0, output);
        output.Should().Contain($"Passed over in {Path.Join(Data, "train")}: 2 files ending in .heic (--extensions says");
        (code, output) = Invoke("verify-data", Data, "--extensions", ".png,.heic");
        code.Should().Be(1);
        output.Should().Contain("Cannot be read: 2").And.NotContain("Passed over");
    }

    [Fact]
    public void A_class_without_evaluation_images_is_allowed_by_name_and_noted()
    {
        Fill("train", 2);
        Fill("val", 1);
        Write("train/owl/0.png", 70);
        Write("train/owl/1.png", 71);
        var (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, .. s_quick]);
        code.Should().Be(1);
        output.Should().Contain("but 'owl' is only in the first. 'train --only-in-train CLASS' allows that by name.");
        (code, output) = Invoke(["train", "--dataset", Data, "--output", Run, "--only-in-train", "owl", .. s_quick]);
        code.Should().Be(0, output);
        output.Should().Contain("Note: Only the training images have the class owl: no result says how well it is found.");
        (code, output) = Invoke("evaluate", "--run", Run);
        code.Should().Be(0, output);
    }

    private static string Number(JsonElement value) =>
        value.GetDouble().ToString("0.0000", System.Globalization.CultureInfo.InvariantCulture);

    private static JsonElement Document(string output) => JsonDocument.Parse(output[output.IndexOf('{')..]).RootElement;

    private static (int Code, string Output) Invoke(params string[] arguments)
    {
        using var process = ConsoleProcess.Start(arguments);
        int code = process.ExitCode();
        return (code, arguments.Contains("--json") ? process.StandardOutput : process.Output);
    }

    private void Fill(string part, int each, int size = 8)
    {
        int label = 0;
        foreach (string name in new[] { "cat", "dog" })
        {
            // No two splits have the same pictures.
            for (int i = 0; i < each; i++) Write(Path.Join(part, name, $"{i}.png"), (1000 * part.LastOrDefault()) + i, size, label);
            label++;
        }
    }

    private void Write(string name, int seed, int size = 8, int label = 0) =>
        _folder.Write($"data/{name}", Picture(size, (2 * seed) + label));

    private static byte[] Picture(int size, int seed)
    {
        byte[] pixels = new byte[3 * size * size];
        new Random(seed).NextBytes(pixels);
        return new TestPng(size, size, TestPng.Colours.Rgb).Encode(pixels);
    }
}
