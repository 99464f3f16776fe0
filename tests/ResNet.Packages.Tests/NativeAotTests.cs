using System.Formats.Tar;
using System.Globalization;
using ResNet.Testing;

namespace ResNet.Packages.Tests;

/// <summary>An application that is compiled in advance and classifies pictures, with the packages alone.</summary>
[Collection(nameof(Consumer))]
public sealed class NativeAotTests(Consumer consumer)
{
    private const long MostBytes = 15_000_000;

    // Photographs that lie beside some clones; elsewhere, the pictures are noise.
    private static readonly string s_photographs = Path.Combine(Consumer.Root, "..", "shared", "data", "imagenet-100.tar");

    [LinkerFact]
    public void A_small_application_without_libtorch_classifies_as_TorchSharp_does()
    {
        string pictures = consumer.NewFolder("pictures"), weights = Path.Combine(pictures, "..", "pictures.safetensors");
        Draw(pictures);
        string trained = Program("trained", ["ResNet.Core", "TorchSharp-cpu"]);
        string[] expected = Lines(consumer.Run(trained, "dotnet", "run", "-c", "Release", "--", pictures, weights));
        expected.Should().HaveCountGreaterThan(40);
        expected.Select(line => line.Split(' ')).Should().OnlyContain(parts => parts[0] == parts[1], "each picture is its own class");

        string deployed = Program("deployed", ["ResNet.Inference"], [
            ("PublishAot", "true"), ("IlcInstructionSet", Vectors), ("InvariantGlobalization", "true"), ("TrimmerSingleWarn", "false")]);
        string published = Path.Combine(deployed, "published");
        consumer.Run(deployed, "dotnet", "publish", "-c", "Release", "-r", Consumer.Platform, "-o", published)
            .Should().NotMatchRegex(@"\bIL[23]\d{3}\b", "nothing is lost when the compiler omits what is not used");
        // Symbols for debuggers are not part of the application.
        Directory.GetFiles(published, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is not (".dbg" or ".pdb"))
            .Sum(file => new FileInfo(file).Length).Should().BeLessThan(MostBytes);
        string program = Path.Combine(published, OperatingSystem.IsWindows() ? "deployed.exe" : "deployed");
        string[] actual = Lines(consumer.Run(published, program, pictures, weights));
        actual[0].Should().Be(OperatingSystem.IsMacOS() ? "Vector128" : "Vector256");
        actual[1..].Should().HaveSameCount(expected);
        foreach (var (one, other) in expected.Zip(actual[1..]))
        {
            string[] left = one.Split(' '), right = other.Split(' ');
            right[..2].Should().Equal(left[..2]);
            Probability(right).Should().BeApproximately(Probability(left), 1e-3);
        }
    }

    private static string Vectors => OperatingSystem.IsMacOS() ? "native" : "x86-64-v3";

    private static double Probability(string[] line) => double.Parse(line[2], CultureInfo.InvariantCulture);

    private static string[] Lines(string output) => output.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    private string Program(string name, IEnumerable<string> packages, IReadOnlyList<(string Name, string Value)>? properties = null)
    {
        string folder = consumer.Create(name, packages, properties: properties);
        string source = name == "trained" ? "Trained.cs" : "Deployed.cs";
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Native", source), Path.Combine(folder, "Program.cs"));
        return folder;
    }

    private void Draw(string folder)
    {
        if (File.Exists(s_photographs))
        {
            using var stream = File.OpenRead(s_photographs);
            using var archive = new TarReader(stream);
            while (archive.GetNextEntry() is { } entry)
            {
                if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
                    entry.ExtractToFile(Path.Combine(folder, Path.GetFileName(entry.Name)), overwrite: false);
            }
            return;
        }
        string noise = consumer.NewFolder("noise");
        TinyPictures.Write(noise);
        foreach (string path in Directory.GetFiles(Path.Combine(noise, "train"), "*.bmp", SearchOption.AllDirectories))
            File.Copy(path, Path.Combine(folder, Path.GetFileName(path)));
    }
}
