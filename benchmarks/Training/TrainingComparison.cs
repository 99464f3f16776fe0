using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Data.Datasets;
using ResNet.Training.Data.Packing;
using static TorchSharp.torch;

namespace Benchmarks.Training;

/// <summary>Both sides in turn, round by round, and what comes of it.</summary>
internal sealed class TrainingComparison(Settings settings)
{
    private const string FashionMnist = "fashion-mnist";
    private const long Seed = 1;
    private const double SameLoss = 1e-3;

    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "train_reference.py");
    private readonly string _self = Environment.ProcessPath!;
    private readonly string _seconds = $"{settings.Seconds}";
    private readonly Dictionary<string, string> _threads = new() { ["OMP_NUM_THREADS"] = $"{Environment.ProcessorCount}" };

    public IReadOnlyList<Row> Run()
    {
        var folder = Directory.CreateTempSubdirectory("training");
        try
        {
            var opponents = Opponent.All(settings.Heap);
            var duels = settings.Jobs.ToDictionary(job => job, job => opponents.Select(opponent => new Duel(job.Name, opponent.Name)).ToList());
            foreach (var job in settings.Jobs) Prepare(job, folder.FullName);
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var job in settings.Jobs) Measure(job, opponents, duels[job], folder.FullName, round);
            }
            return [.. settings.Jobs.SelectMany(job => duels[job]).SelectMany(duel => duel.Rows)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Images and weights that both sides start from.
    private void Prepare(Job job, string folder)
    {
        string images = Images(job, folder);
        manual_seed(Seed);
        using var model = ResNets.Create(job.Network, job.Classes, job.Channels);
        model.SaveWeights(Weights(job, folder));
        if (job.Decodes)
        {
            string source = Path.Join(KnownDataset.Catalogue.Single(row => row.Name == FashionMnist).PrepareAsync().GetAwaiter().GetResult(), "train");
            foreach (string @class in Directory.EnumerateDirectories(source)) Copy(@class, images, job.Images / job.Classes);
            return;
        }
        Python.Run(_script, "make", images, $"{job.Images}", $"{job.ImageSize}");
        ImagePack.Write(new ImageFolder(images), Pack(job, folder));
    }

    private static void Copy(string @class, string target, int count)
    {
        var folder = Directory.CreateDirectory(Path.Combine(target, Path.GetFileName(@class)));
        foreach (string file in Directory.EnumerateFiles(@class).Order(StringComparer.Ordinal).Take(count)) File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
    }

    private void Measure(Job job, IReadOnlyList<Opponent> opponents, IReadOnlyList<Duel> duels, string folder, int round)
    {
        var sides = opponents.Select(opponent => (Func<Measurement>)(() => Theirs(job, opponent, folder)));
        Duel.Fight(round, [() => Ours(job, folder), .. sides], duels, SameLoss);
    }

    private Measurement Ours(Job job, string folder) =>
        Measurement.Of(_self, ["measure", Settings.Train, job.Key, job.Decodes ? Images(job, folder) : Pack(job, folder), Weights(job, folder), _seconds], _threads);

    private Measurement Theirs(Job job, Opponent opponent, string folder) =>
        Measurement.Of(
            Python.Path,
            ["-W", "ignore", _script, "measure", opponent.Describe(job), Images(job, folder), Weights(job, folder), $"{Environment.ProcessorCount}", _seconds],
            _threads.Concat(opponent.Environment));

    private static string Images(Job job, string folder) => Path.Combine(folder, job.Key);

    private static string Pack(Job job, string folder) => Path.Combine(folder, job.Key + ".pack.safetensors");

    private static string Weights(Job job, string folder) => Path.Combine(folder, job.Key + ".weights.safetensors");
}
