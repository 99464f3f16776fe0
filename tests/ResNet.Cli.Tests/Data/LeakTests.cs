using System.Globalization;
using System.Text;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;

namespace ResNet.Cli.Tests.Data;

/// <summary>Files are added, moved and renamed between the commands: no image that was trained on may be evaluated.</summary>
public sealed class LeakTests : IDisposable
{
    private const int Sequences = 1000;

    private static readonly string[] s_classes = ["cat", "dog"];

    private readonly TemporaryFolder _folder = new();
    private int _added;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_image_that_was_trained_on_is_evaluated_whatever_happened_to_the_files(bool hasValidationFolder)
    {
        int evaluated = 0, changed = 0;
        for (int sequence = 0; sequence < Sequences / 2; sequence++)
        {
            var random = new Random(sequence);
            string data = _folder.File(string.Create(CultureInfo.InvariantCulture, $"{sequence}/data"));
            string[] parts = hasValidationFolder ? ["train", "val", "test"] : [""];
            for (int i = 0; i < 16; i++) Add(data, parts[i / 2 % parts.Length], s_classes[i % 2]);
            var run = Begin(data, hasValidationFolder ? null : 0.25, sequence);
            var before = run.Manifest!.Entries.ToDictionary(entry => entry.Path, entry => Read(data, entry.Path));
            var trained = run.Manifest.Entries.Where(entry => entry.Split == DatasetSplit.Train)
                .Select(entry => before[entry.Path]).ToHashSet();
            for (int command = 0; command < 3; command++)
            {
                for (int step = random.Next(4); step > 0; step--) Change(data, parts, random);
                foreach (var images in new[] { Evaluate(() => EvaluatedImages.SetAside(run, null, default)),
                    Evaluate(() => EvaluatedImages.Of(run, data, null, workers: 1, default)) })
                {
                    if (images is null) continue;
                    changed += images.New + images.Changed + images.Gone + images.TrainedOn > 0 ? 1 : 0;
                    for (int i = 0; i < images.Source.Count; i++, evaluated++)
                    {
                        string name = images.Source.Name(i);
                        trained.Should().NotContain(File.ReadAllText(name), "sequence {0}, {1}", sequence, name);
                    }
                }
            }
        }
        evaluated.Should().BeGreaterThan(Sequences, "a test that evaluates nothing proves nothing");
        changed.Should().BeGreaterThan(Sequences / 10);
    }

    private static EvaluatedImages? Evaluate(Func<EvaluatedImages> open)
    {
        try
        {
            return open();
        }
        catch (DatasetException)
        {
            return null;
        }
    }

    private static RunFolder Begin(string data, double? split, long seed)
    {
        var settings = new RunSettings
        {
            Network = "resnet20", Dataset = data, ValidationSplit = split, Channels = 3, ImageSize = 32, ResizeTo = 32, Mean = [0, 0, 0],
            Deviation = [1, 1, 1], BatchSize = 2, Seed = seed, Training = new TrainerOptions(),
        };
        var splits = DatasetSplits.Open(data, settings.Splits);
        return RunFolder.Create(data + "-run", settings, splits.Train.Classes, DatasetManifest.Create(data, splits, workers: 1));
    }

    private void Add(string data, string part, string name)
    {
        string path = Path.Join(data, part, name, string.Create(CultureInfo.InvariantCulture, $"{_added}.png"));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"content {_added++}"));
    }

    private void Change(string data, string[] parts, Random random)
    {
        string[] files = Directory.GetFiles(data, "*", SearchOption.AllDirectories);
        Array.Sort(files, StringComparer.Ordinal);
        string one = files[random.Next(files.Length)], other = files[random.Next(files.Length)];
        string folder = Path.Join(data, parts[random.Next(parts.Length)], s_classes[random.Next(2)]);
        Directory.CreateDirectory(folder);
        switch (random.Next(6))
        {
            case 0:
                Add(data, parts[random.Next(parts.Length)], s_classes[random.Next(2)]);
                break;
            case 1:
                File.Move(one, Path.Join(folder, Path.GetFileName(one)), overwrite: true);
                break;
            case 2:
                File.Move(one, Path.Join(Path.GetDirectoryName(one), "renamed-" + Path.GetFileName(one)));
                break;
            case 3:
                File.Copy(one, Path.Join(folder, "copy-" + Path.GetFileName(one)), overwrite: true);
                break;
            case 4:
                if (one != other) File.Copy(one, other, overwrite: true);
                break;
            default:
                string aside = one + ".aside";
                if (one == other) break;
                File.Move(one, aside);
                File.Move(other, one);
                File.Move(aside, other);
                break;
        }
    }

    private static string Read(string data, string path) => File.ReadAllText(Path.Join(data, path), Encoding.UTF8);
}
