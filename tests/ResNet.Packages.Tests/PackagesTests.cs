using System.IO.Compression;
using System.Xml.Linq;

namespace ResNet.Packages.Tests;

/// <summary>The packages as users get them, and the code of the documentation.</summary>
[Collection(nameof(Consumer))]
public sealed class PackagesTests(Consumer consumer)
{
    public static TheoryData<string> WithCode => [.. Pages.All];

    [Theory]
    [MemberData(nameof(WithCode))]
    public void All_code_of_a_page_runs_in_a_new_application_that_has_the_packages(string page)
    {
        var blocks = Pages.Blocks(page).ToList();
        string output = consumer.Run(page, blocks);
        foreach (var block in blocks)
            output.Should().Contain(block.Downloads ? $"needs a download: {block.ClassName}" : $"ran {block.ClassName}");
    }

    [Fact]
    public void The_training_of_the_readme_gives_the_same_bits_twice()
    {
        const string page = "README.md";
        var block = Pages.Blocks(page).Single(block => block.Statements.Contains("trainer.Train(", StringComparison.Ordinal));
        byte[] first = Train();
        Train().Should().Equal(first);

        byte[] Train()
        {
            consumer.Run(page, [block]);
            return File.ReadAllBytes(Path.Combine(consumer.FolderOf(page), "photos.safetensors"));
        }
    }

    [Fact]
    public void The_commands_to_get_started_make_an_application_that_runs_the_code_below_them()
    {
        const string page = "docs/get-started.md", end = "```";
        string[] lines = [.. File.ReadAllLines(Path.Combine(Consumer.Root, page))
            .SkipWhile(line => line != "```sh").Skip(1).TakeWhile(line => line != end)];
        lines.Should().HaveCount(4).And.Contain("dotnet add package ResNet.Training");
        // The page has the commands for Linux and for a released version, and says what other systems need.
        string ours = consumer.Version.Contains('-', StringComparison.Ordinal) ? "ResNet.Training --prerelease" : "ResNet.Training";
        lines =
        [
            .. lines.Select(line => line
                .Replace("NetVips.Native.linux-x64", Consumer.NativeLibvips, StringComparison.Ordinal)
                .Replace("ResNet.Training", ours, StringComparison.Ordinal)),
        ];
        var code = Pages.Blocks(page).First();
        consumer.Type("pets", lines, string.Join('\n', code.Usings) + '\n' + code.Statements).Trim().Should().Be("4 × 2");
    }

    [Fact]
    public void The_readme_builds_summarises_loads_saves_trains_and_predicts()
    {
        string code = string.Join('\n', Pages.Blocks("README.md").Where(block => !block.Downloads).Select(block => block.Statements));
        code.Should().ContainAll("ResNets.Create(", "ModelSummary.Of(", ".LoadWeights(", ".SaveWeights(", ".Train(", ".Classify(");
    }

    [Theory]
    [InlineData("ResNet.Imaging")]
    [InlineData("ResNet.Inference")]
    [InlineData("ResNet.AspNetCore")]
    [InlineData("ResNet.Core")]
    [InlineData("ResNet.Training")]
    public void A_package_has_documentation_licence_icon_and_symbols(string library)
    {
        using var package = ZipFile.OpenRead(Path.Combine(consumer.Feed, $"{library}.{consumer.Version}.nupkg"));
        package.Entries.Select(entry => entry.FullName).Should()
            .Contain(["README.md", "icon.png", $"lib/net10.0/{library}.dll", $"lib/net10.0/{library}.xml"]);
        using var symbols = ZipFile.OpenRead(Path.Combine(consumer.Feed, $"{library}.{consumer.Version}.snupkg"));
        symbols.Entries.Select(entry => entry.FullName).Should().Contain($"lib/net10.0/{library}.pdb");
        var metadata = Metadata(package, library);
        metadata["license"].Should().Be("MIT");
        metadata["icon"].Should().Be("icon.png");
        metadata["readme"].Should().Be("README.md");
        metadata["description"].Should().NotBeEmpty();
    }

    [Theory]
    [InlineData("ResNet.Core")]
    [InlineData("ResNet.Training")]
    public void A_package_takes_the_TorchSharp_that_loads_on_Windows(string library)
    {
        using var package = ZipFile.OpenRead(Path.Combine(consumer.Feed, $"{library}.{consumer.Version}.nupkg"));
        var dependency = Specification(package, library).Descendants()
            .Single(element => element.Name.LocalName == "dependency" && element.Attribute("id")!.Value == "TorchSharp");
        dependency.Attribute("version")!.Value.Should().Be("0.106.0");
    }

    [Theory]
    [InlineData("ResNet.Imaging")]
    [InlineData("ResNet.Inference", "ResNet.Imaging")]
    [InlineData("ResNet.AspNetCore", "ResNet.Inference")]
    [InlineData("ResNet.Core", "ResNet.Imaging", "ResNet.Inference")]
    [InlineData("ResNet.Training", "ResNet.Core", "ResNet.Imaging")]
    public void A_package_goes_with_the_others_of_its_own_version_alone(string library, params string[] others)
    {
        using var package = ZipFile.OpenRead(Path.Combine(consumer.Feed, $"{library}.{consumer.Version}.nupkg"));
        Specification(package, library).Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Where(element => element.Attribute("id")!.Value.StartsWith("ResNet.", StringComparison.Ordinal))
            .Select(element => (element.Attribute("id")!.Value, element.Attribute("version")!.Value))
            .Should().BeEquivalentTo(others.Select(other => (other, $"[{consumer.Version}]")));
    }

    private static XDocument Specification(ZipArchive package, string library)
    {
        using var stream = package.GetEntry($"{library}.nuspec")!.Open();
        return XDocument.Load(stream);
    }

    private static Dictionary<string, string> Metadata(ZipArchive package, string library) =>
        Specification(package, library).Root!.Elements().Single().Elements()
            .ToDictionary(element => element.Name.LocalName, element => element.Value);
}
