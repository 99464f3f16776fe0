using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ResNet.Core.Tests.Libstdcxx;

namespace ResNet.Packages.Tests;

/// <summary>Applications that load TorchSharp's native library before they use ours. The package cache does not change.</summary>
[Collection(nameof(Consumer))]
public sealed class NativeLibraryTests(Consumer consumer) : IDisposable
{
    private const string LinuxLibrary = "linux-x64/native/libLibTorchSharp.so";
    private const string Seed = "TorchSharp.torch.manual_seed(1).Dispose();";
    private static readonly string[] s_packages = ["ResNet.Core", "TorchSharp-cpu"];
    private readonly Dictionary<string, string> _cacheBefore = Hashes(Consumer.NativeLibraries);

    public void Dispose() =>
        Hashes(Consumer.NativeLibraries).Should().BeEquivalentTo(_cacheBefore, "the package cache belongs to all applications");

    [Fact]
    public void An_application_runs_and_runs_where_it_is_published()
    {
        string folder = consumer.Create("seeds", s_packages);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), $$"""{{Seed}} Console.WriteLine("seeded");""");
        consumer.Run(folder, "dotnet", "run", "-c", "Release").Trim().Should().Be("seeded");

        string copy = Path.Combine(folder, "obj", "Release", "net10.0", "libtorchsharp", "runtimes", LinuxLibrary);
        var made = File.GetLastWriteTimeUtc(copy);
        string portable = Path.Combine(folder, "portable");
        consumer.Run(folder, "dotnet", "publish", "-c", "Release", "-o", portable);
        consumer.Run(portable, "dotnet", "seeds.dll").Trim().Should().Be("seeded");
        File.GetLastWriteTimeUtc(copy).Should().Be(made, "a second build makes no second copy");
        Check(Path.Combine(portable, "runtimes"));

        string platform = Path.Combine(folder, "platform");
        string[] thisPlatform = ["-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "false"];
        consumer.Run(folder, "dotnet", ["publish", "-c", "Release", .. thisPlatform, "-o", platform]);
        consumer.Run(platform, Path.Combine(platform, OperatingSystem.IsWindows() ? "seeds.exe" : "seeds")).Trim().Should().Be("seeded");
    }

    [Fact]
    public void A_property_switches_the_copy_off()
    {
        string folder = consumer.Create("unchanged", s_packages);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Seed);
        consumer.Run(folder, "dotnet", "build", "-c", "Release", "-p:ResNetRelaxLibstdcxxNeeds=false");
        Hashes(Path.Combine(folder, "bin", "Release", "net10.0", "runtimes")).Should().Contain(_cacheBefore);
        Directory.Exists(Path.Combine(folder, "obj", "Release", "net10.0", "libtorchsharp")).Should().BeFalse();
    }

    [Fact]
    public void A_test_project_tests()
    {
        string[] packages = [.. s_packages, "Microsoft.NET.Test.Sdk", "xunit", "xunit.runner.visualstudio"];
        string folder = consumer.Create("tested", packages, "Library");
        string test = $$"""public sealed class Tests { [Xunit.Fact] public void Seeds() { {{Seed}} } }""";
        File.WriteAllText(Path.Combine(folder, "Tests.cs"), test);
        consumer.Run(folder, "dotnet", "test", "-c", "Release").Should().MatchRegex(@"Passed: *1\b");
    }

    // Only the library for Linux differs from the package's, and it runs with the libstdc++ of GCC 11.
    private void Check(string runtimes)
    {
        var published = Hashes(runtimes);
        foreach (var (library, hash) in _cacheBefore.Where(library => library.Key != LinuxLibrary))
            published.Should().Contain(library, hash);
        new ElfNeeds(File.ReadAllBytes(Path.Combine(runtimes, LinuxLibrary))).Strong
            .Should().NotBeEmpty().And.NotContain(["GLIBCXX_3.4.30", "GLIBCXX_3.4.31", "GLIBCXX_3.4.32"]);
    }

    private static Dictionary<string, string> Hashes(string runtimes) =>
        Directory.EnumerateFiles(runtimes, "*LibTorchSharp.*", SearchOption.AllDirectories).ToDictionary(
            path => Path.GetRelativePath(runtimes, path).Replace('\\', '/'),
            path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
}
