using System.Text.RegularExpressions;
using ResNet.Testing;

namespace ResNet.Packages.Tests;

/// <summary>The service of <c>docs/serving.md</c> as a user makes it, and the one of the sample's container.</summary>
[Collection(nameof(Consumer))]
public sealed partial class ServingTests(Consumer consumer)
{
    private const long MostBytes = 60_000_000;

    [Fact]
    public void The_programs_of_the_page_compile_in_a_new_application()
    {
        string[] parts = Programs("docs/serving.md");
        parts.Should().HaveCount(3);
        // The second part is an endpoint of the first program, the third a class of its tests.
        Compile("served", parts[0].Replace("app.Run();\n", parts[1] + "app.Run();\n", StringComparison.Ordinal) + parts[2]);
    }

    [Fact]
    public void The_program_of_the_package_compiles_in_a_new_application() =>
        Compile("served-readme", Programs("src/ResNet.AspNetCore/README.md").Should().ContainSingle().Subject);

    [Fact]
    public void The_program_of_the_sample_is_short() =>
        File.ReadAllLines(Path.Combine(Consumer.Root, "samples", "WebClassifier", "Program.cs")).Length.Should().BeLessThanOrEqualTo(30);

    [LinkerFact]
    public async Task The_container_of_the_sample_holds_a_small_program_that_answers()
    {
        string file = File.ReadAllText(Path.Combine(Consumer.Root, "samples", "WebClassifier", "Dockerfile"));
        // The command of the container, with a folder of this test.
        string command = PublishPattern().Match(file).Groups[1].Value;
        using var folder = new TemporaryFolder();
        string[] words = [.. command.Replace("/app", folder.Path, StringComparison.Ordinal).Split(' ')];
        consumer.Run(Consumer.Root, "dotnet", words).Should().NotMatchRegex(@"\bIL[23]\d{3}\b");
        foreach (string symbols in Directory.GetFiles(folder.Path, "*.dbg")) File.Delete(symbols);
        Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length)
            .Should().BeLessThan(MostBytes);
        await Answer(folder.Path);
    }

    private static string[] Programs(string page) =>
    [
        .. ProgramPattern().Matches(File.ReadAllText(Path.Combine(Consumer.Root, page)).ReplaceLineEndings("\n"))
            .Select(match => match.Groups["code"].Value),
    ];

    private void Compile(string name, string program)
    {
        string folder = consumer.Create(name, ["ResNet.AspNetCore"], sdk: "Microsoft.NET.Sdk.Web");
        File.WriteAllText(Path.Combine(folder, "Program.cs"), program);
        consumer.Run(folder, "dotnet", "build", "-c", "Release", "--nologo").Should().Contain("0 Warning(s)");
    }

    private async Task Answer(string program)
    {
        string pictures = consumer.NewFolder("served-pictures");
        TinyPictures.Write(pictures);
        string weights = Path.Combine(pictures, "pictures.safetensors");
        string trained = consumer.Create("served-network", ["ResNet.Core", "TorchSharp-cpu"]);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Native", "Trained.cs"), Path.Combine(trained, "Program.cs"));
        string flat = consumer.NewFolder("served-flat");
        foreach (string path in Directory.GetFiles(Path.Combine(pictures, "train"), "*.bmp", SearchOption.AllDirectories))
            File.Copy(path, Path.Combine(flat, Path.GetFileName(path)));
        string[] expected = consumer.Run(trained, "dotnet", "run", "-c", "Release", "--", flat, weights)
            .ReplaceLineEndings("\n").TrimEnd('\n').Split('\n')[0].Split(' ');
        using var process = consumer.Start(
            program, Path.Combine(program, "webclassifier"), ("Classifier__Path", weights), ("ASPNETCORE_URLS", "http://127.0.0.1:0"));
        try
        {
            string? line = "";
            while (line is not null && !line.Contains("Now listening on: ", StringComparison.Ordinal))
                line = await process.StandardOutput.ReadLineAsync();
            line.Should().NotBeNull("the program should listen");
            using var client = new HttpClient { BaseAddress = new Uri(line!.Split(": ")[^1]) };
            byte[] picture = File.ReadAllBytes(Directory.GetFiles(flat).First(path => Path.GetFileName(path) == expected[0]));
            using var response = await client.PostAsync("/classify?heatMap=true", new ByteArrayContent(picture));
            string answer = await response.Content.ReadAsStringAsync();
            response.IsSuccessStatusCode.Should().BeTrue(answer);
            answer.Should().Contain($"\"predictions\":[{{\"class\":\"{expected[1]}\"");
            (await client.GetStringAsync("/")).Should().Contain("<h1>Image classifier</h1>");
            (await client.GetStringAsync("/openapi/v1.json")).Should().Contain("/classify");
            (await client.GetStringAsync("/health")).Should().Be("Healthy");
        }
        finally
        {
            process.Kill();
        }
    }

    [GeneratedRegex(@"^```cs\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ProgramPattern();

    [GeneratedRegex(@"^RUN dotnet (publish [^&\n]+?) *(?:&&|$)", RegexOptions.Multiline)]
    private static partial Regex PublishPattern();
}
