using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Data.Datasets;
using ResNet.Training.Data.Packing;
using static TorchSharp.torch;

namespace Benchmarks.Training;

/// <summary>Both sides in turn, round by round, and what comes of it.</summary>
internal sealed class Comparison(Settings settings)
{
    private const string FashionMnist = "fashion-mnist";
    private const long Seed = 1;
    private const double SameLoss = 1e-3;

    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "train_reference.py");
    private readonly string _self = Environment.ProcessPath!;
    private readonly string _seconds = $"{settings.Seconds}";
    private readonly Dictionary<string, string> _threads = new() { ["OMP_NUM_THREADS"] = $"{Environment.ProcessorCount}" };

    public void Run()
    {
        Python.Require();
        var folder = Directory.CreateTempSubdirectory("training");
        try
        {
            var duels = settings.Jobs.Select(job => Opponent.All(settings.Heap).Select(opponent => new Duel(job, opponent)).ToList()).ToList();
            foreach (var job in settings.Jobs) Prepare(job, folder.FullName);
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var ofJob in duels) Measure(ofJob, folder.FullName, round);
            }
            string heading = $"{settings.Rounds} alternating rounds on {Environment.ProcessorCount} processors, as many threads on both sides; medians, and the ratios' range:";
            Table.Write([.. duels.SelectMany(ofJob => ofJob).SelectMany(duel => duel.Rows())], settings.Output, heading, "PyTorch");
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

    private void Measure(List<Duel> duels, string folder, int round)
    {
        var job = duels[0].Job;
        var sides = new List<Func<Measurement>> { () => Ours(job, folder) };
        sides.AddRange(duels.Select(duel => (Func<Measurement>)(() => Theirs(duel, folder))));
        // Each goes first in every other round.
        var order = Enumerable.Range(0, sides.Count);
        var measured = new Measurement[sides.Count];
        foreach (int side in round % 2 == 1 ? order : order.Reverse()) measured[side] = sides[side]();
        foreach (var (duel, theirs) in duels.Zip(measured.Skip(1)))
        {
            var ours = measured[0];
            duel.Add(ours, theirs);
            Console.WriteLine($"round {round}: {job.Name}: {ours.ImagesPerSecond:N1} img/s, {ours.Memory.Proportional:N0} MB; PyTorch {duel.Opponent.Name} {theirs.ImagesPerSecond:N1} img/s, {theirs.Memory.Proportional:N0} MB; ratio {ours.ImagesPerSecond / theirs.ImagesPerSecond:0.000}; losses {ours.Check:0.00000} and {theirs.Check:0.00000}");
            if (Math.Abs(ours.Check - theirs.Check) > SameLoss * theirs.Check)
                throw new InvalidOperationException($"The two sides do not do the same: the loss of the first steps is {ours.Check} here and {theirs.Check} in PyTorch.");
        }
    }

    private Measurement Ours(Job job, string folder) =>
        Measurement.Of(_self, ["measure", job.Key, job.Decodes ? Images(job, folder) : Pack(job, folder), Weights(job, folder), _seconds], _threads);

    private Measurement Theirs(Duel duel, string folder) =>
        Measurement.Of(
            Python.Path,
            ["-W", "ignore", _script, "measure", duel.Opponent.Describe(duel.Job), Images(duel.Job, folder), Weights(duel.Job, folder), $"{Environment.ProcessorCount}", _seconds],
            _threads.Concat(duel.Opponent.Environment));

    private static string Images(Job job, string folder) => Path.Combine(folder, job.Key);

    private static string Pack(Job job, string folder) => Path.Combine(folder, job.Key + ".pack.safetensors");

    private static string Weights(Job job, string folder) => Path.Combine(folder, job.Key + ".weights.safetensors");
}
