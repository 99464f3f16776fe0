using System.IO.Compression;
using ResNet.Testing;

namespace ResNet.Packages.Tests;

/// <summary>The command <c>resnet</c> as users get it: packed, installed, and started outside the repository.</summary>
[Collection(nameof(Consumer))]
public sealed class ToolTests(Consumer consumer)
{
    // A few more than the command's default batch.
    private const int Photos = 136;

    [Fact]
    public void The_installed_tool_trains_and_predicts()
    {
        string folder = consumer.NewFolder("tool");
        consumer.Run(
            folder, "dotnet", "tool", "install", "--tool-path", "bin", "--add-source", consumer.Feed, "ResNet.Cli",
            "--version", consumer.Version);

        Run(folder, "--help").Should().Contain("Trains residual networks");
        Run(folder, "networks").Should().Contain("resnet50");

        TinyPictures.Write(Path.Combine(folder, "photos"), Photos);
        Run(folder, "train", "--dataset", "photos", "--network", "resnet20", "--epochs", "1", "--output", "run");
        File.ReadAllLines(Path.Combine(folder, "run", "metrics.csv")).Should().HaveCount(2, "the file has a header and one epoch");
        Run(folder, "predict", "--run", "run", Path.Combine("photos", "val", "dark", "001.bmp")).Should().ContainAll("bright", "dark");
    }

    [Fact]
    public void Its_package_points_to_one_for_each_platform_which_has_the_licences_of_its_native_libraries()
    {
        using var pointer = Open("ResNet.Cli");
        Read(pointer, "tools/any/any/DotnetToolSettings.xml").Should()
            .ContainAll("ResNet.Cli.linux-x64", "ResNet.Cli.osx-arm64", "ResNet.Cli.win-x64");
        pointer.Entries.Select(entry => entry.FullName).Should().Contain(["README.md", "icon.png"]);
        Read(pointer, "ResNet.Cli.nuspec").Should().Contain("MIT");

        using var platform = Open($"ResNet.Cli.{Consumer.Platform}");
        platform.Entries.Select(entry => entry.FullName).Should()
            .Contain(["licences/LICENSE-LIBTORCH.txt", "licences/LICENSE.txt", "licences/THIRD-PARTY-NOTICES.md", "README.md", "icon.png"]);
    }

    // A link to the program, or on Windows a batch file.
    private string Run(string folder, params IEnumerable<string> arguments) =>
        consumer.Run(folder, Directory.EnumerateFiles(Path.Combine(folder, "bin"), "resnet*").Single(), arguments);

    private ZipArchive Open(string package) => ZipFile.OpenRead(Path.Combine(consumer.Feed, $"{package}.{consumer.Version}.nupkg"));

    private static string Read(ZipArchive package, string entry)
    {
        using var reader = new StreamReader(package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }
}
