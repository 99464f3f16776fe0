using System.Text.Json;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Data;

public sealed class VerifyDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Almost_the_same_images_are_a_note_with_the_most_important_first()
    {
        Draw("train/cat/1.png", 1, 32);
        Draw("val/cat/2.png", 1, 48);
        Draw("train/cat/3.png", 2, 32);
        Draw("train/dog/4.png", 2, 48);
        for (int side = 32; side < 38; side++) Draw($"train/dog/side{side}.png", 3, side);
        Draw("val/dog/5.png", 4, 32);
        var (code, output) = Invoke("verify-data", _folder.Path);
        code.Should().Be(0, output);
        output.ReplaceLineEndings("\n").Should().Contain(string.Join('\n',
            "Almost the same image to train on and to evaluate on: 1",
            $"  {Local("train/cat/1.png")} ~ {Local("val/cat/2.png")}",
            "Almost the same image in different classes: 1",
            $"  {Local("train/cat/3.png")} ~ {Local("train/dog/4.png")}",
            "Almost the same image several times in a class: 1 (--all lists them)",
            "All images can be used; look at the repeated ones.\n"));

        // The first four of a group, with one of each class before the others, are enough to find it.
        for (int side = 32; side < 37; side++) Draw($"train/cat/large{side}.png", 5, side);
        Draw("train/dog/large.png", 5, 40);
        string[] cats = [.. Enumerable.Range(32, 5).Select(side => Local($"train/cat/large{side}.png"))];
        string[] large = [cats[0], Local("train/dog/large.png"), .. cats[1..]];
        (code, output) = Invoke("verify-data", _folder.Path);
        output.Should().Contain($"  {string.Join(" ~ ", large[..4])} and 2 more").And.NotContain(large[^1]);

        (code, output) = Invoke("verify-data", _folder.Path, "--all");
        output.Should().Contain($"  {string.Join(" ~ ", large)}");
        Directory.GetFiles(_folder.Path, "large*.png", SearchOption.AllDirectories).ToList().ForEach(File.Delete);

        (code, output) = Invoke("verify-data", _folder.Path, "--all");
        code.Should().Be(0, output);
        string[] sides = [.. Enumerable.Range(32, 6).Select(side => Local($"train/dog/side{side}.png"))];
        output.ReplaceLineEndings("\n").Should()
            .Contain($"Almost the same image several times in a class: 1\n  {string.Join(" ~ ", sides)}\n");

        (code, output) = Invoke("verify-data", _folder.Path, "--json");
        code.Should().Be(0, output);
        using var document = JsonDocument.Parse(output);
        document.RootElement.GetProperty("is_clean").GetBoolean().Should().BeTrue();
        var groups = document.RootElement.GetProperty("similar").EnumerateArray().ToList();
        groups.Select(group => group.GetProperty("paths").GetArrayLength()).Should().Equal(2, 2, 6);
        groups[0].GetProperty("roots").EnumerateArray().Select(root => root.GetString()).Should()
            .Equal(Path.Join(_folder.Path, "train"), Path.Join(_folder.Path, "val"));
        groups[1].GetProperty("classes").EnumerateArray().Select(name => name.GetString()).Should().Equal("cat", "dog");
    }

    private void Draw(string path, int scene, int side) => _folder.Write(path, new Scene(scene).ToPng(side, side));

    private static string Local(string path) => path.Replace('/', Path.DirectorySeparatorChar);

    private static (int Code, string Output) Invoke(params string[] arguments)
    {
        using var process = ConsoleProcess.Start(arguments);
        int code = process.ExitCode();
        return (code, arguments.Contains("--json") ? process.StandardOutput : process.Output);
    }
}
