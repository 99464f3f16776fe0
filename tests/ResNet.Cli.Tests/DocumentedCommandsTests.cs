using System.Text.Json;
using System.Text.RegularExpressions;
using ResNet.Testing;

namespace ResNet.Cli.Tests;

/// <summary>
/// Every command of README.md and docs/, unchanged, except those of <c>build.sh</c>, one of which runs these tests, and the study of
/// eight hours: <see cref="Samples.StudyTests"/> run a short one.
/// </summary>
public sealed partial class DocumentedCommandsTests(DocumentedCommandsTests.Place place) : IClassFixture<DocumentedCommandsTests.Place>
{
    public static TheoryData<string> Commands => [.. Lines().Distinct()];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Commands_of_the_documentation_do_what_they_say(string command)
    {
        // The command after a pipe is not ours.
        string[] words = command.Split(" | ")[0].Split(' ');
        using var process = ConsoleProcess.StartIn(place.Copy(), place.Variables, words[0], words[1..]);
        // Nobody ends a service but whoever started it.
        if (words[1] == "serve" && !command.Contains("--pretrained", StringComparison.Ordinal))
        {
            process.WaitUntil(() => process.Output.Contains("Ctrl-C stops.", StringComparison.Ordinal));
            process.Signal(ConsoleProcess.Terminate);
        }
        int exitCode = process.ExitCode();
        if (command.Contains("--pretrained", StringComparison.Ordinal))
        {
            process.Output.Should().MatchRegex(@"error: http://\S+\.pth cannot be downloaded: ", "the mirror has no weights");
            exitCode.Should().Be(1);
            return;
        }
        exitCode.Should().Be(0, process.Output);
        process.Output.Should().NotBeEmpty();
        if (words.Contains("--json")) JsonDocument.Parse(process.StandardOutput).Dispose();
    }

    private static string Root => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    private static IEnumerable<string> Lines() =>
        new[] { Path.Combine(Root, "README.md") }
            .Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Order(StringComparer.Ordinal))
            .SelectMany(page => Fence().Matches(File.ReadAllText(page).ReplaceLineEndings("\n")))
            .SelectMany(block => block.Groups["lines"].Value.Split('\n'))
            .Select(line => line.Split('#')[0].Trim())
            .Where(line => line.StartsWith("resnet ", StringComparison.Ordinal));

    [GeneratedRegex(@"^```sh\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^```json\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Settings();

    /// <summary>A folder with the files that the documentation assumes: photos, packs, pictures, settings and runs.</summary>
    public sealed class Place : IDisposable
    {
        // A few more than the command's default batch.
        private const int Photos = 136;

        private readonly TemporaryFolder _folder = new();
        private readonly EmptyMirror _mirror = new();
        private int _copies;

        /// <summary>Makes the folder.</summary>
        public Place()
        {
            Directory.CreateDirectory(Original);
            TinyPictures.Write(Path.Combine(Original, "photos"), Photos);
            foreach (string picture in new[] { "shoe.png", "cat.jpg" })
            {
                string photo = Directory.EnumerateFiles(Path.Combine(Original, "photos"), "*.bmp", SearchOption.AllDirectories).First();
                File.Copy(photo, Path.Combine(Original, picture));
            }
            string page = File.ReadAllText(Path.Combine(Root, "docs", "console.md")).ReplaceLineEndings("\n");
            File.WriteAllText(Path.Combine(Original, "photos.json"), Settings().Match(page).Groups["text"].Value);
            // The mark of a complete copy replaces the download.
            string imagenette = Path.Combine(_folder.Path, "cache", "imagenette2-160");
            TinyPictures.Write(imagenette, Photos);
            File.WriteAllText(Path.Combine(imagenette, ".complete"), "");

            Run("train", "--dataset", "photos", "--network", "resnet20", "--epochs", "2", "--output", "runs/mine");
            Run("export", "runs/mine", "--format", "inference");
            foreach (string run in new[] { "a", "b", "20260102-030405-resnet18" })
                Copy(Path.Combine(Original, "runs", "mine"), Path.Combine(Original, "runs", run));
            Run("pack", "photos", "packed");
        }

        internal IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
        {
            ["RESNET_CACHE"] = Path.Combine(_folder.Path, "cache"),
            ["TORCH_HOME"] = Path.Combine(_folder.Path, "torch"),
            ["RESNET_WEIGHTS_MIRROR"] = _mirror.Address,
        };

        private string Original => Path.Combine(_folder.Path, "original");

        /// <summary>Makes a new copy of the folder.</summary>
        internal string Copy()
        {
            string copy = Path.Combine(_folder.Path, $"copy{++_copies}");
            Copy(Original, copy);
            return copy;
        }

        public void Dispose()
        {
            _mirror.Dispose();
            _folder.Dispose();
        }

        private void Run(params string[] arguments)
        {
            using var process = ConsoleProcess.StartIn(Original, Variables, "resnet", arguments);
            process.ExitCode().Should().Be(0, process.Output);
        }

        private static void Copy(string from, string to)
        {
            foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }
}
