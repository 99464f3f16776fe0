using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Data.Packs;
using static TorchSharp.torch;

namespace Benchmarks.Training;

/// <summary>Runs all sides in turn, round by round, and collects the results.</summary>
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
            var contests = new List<Contest>();
            foreach (var job in settings.Jobs)
            {
                Prepare(job, folder.FullName);
                contests.Add(new Contest(() => Ours(job, folder.FullName), [.. Duels(job, folder.FullName)]));
            }
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var contest in contests) contest.Fight(round, SameLoss);
            }
            return [.. contests.SelectMany(contest => contest.Rows)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The images and weights that all sides use.
    private void Prepare(Job job, string folder)
    {
        string images = Images(job, folder);
        manual_seed(Seed);
        using var model = ResNets.Create(job.Network, job.Classes, job.Channels);
        model.SaveWeights(Weights(job, folder));
        if (job.Decodes)
        {
            var dataset = KnownDataset.Catalogue.Single(row => row.Name == FashionMnist);
            string source = Path.Join(dataset.PrepareAsync().GetAwaiter().GetResult(), "train");
            foreach (string @class in Directory.EnumerateDirectories(source)) Copy(@class, images, job.Images / job.Classes);
            return;
        }
        Python.Run(_script, "make", images, $"{job.Images}", $"{job.ImageSize}");
        model.SaveWeights(TorchSharpWeights(job, folder), format: WeightsFormat.TorchSharp);
        var made = new ImageFolder(images);
        ImagePack.Write(made, Pack(job, folder));
        BatchFiles.Write(Batches(job, folder), TrainingSteps.Loader(job, made, shuffle: false));
    }

    private static void Copy(string @class, string target, int count)
    {
        var folder = Directory.CreateDirectory(Path.Combine(target, Path.GetFileName(@class)));
        foreach (string file in Directory.EnumerateFiles(@class).Order(StringComparer.Ordinal).Take(count))
            File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
    }

    // TorchSharp has no loader of image folders, so it does not take part in jobs that include decoding.
    private IEnumerable<Duel> Duels(Job job, string folder)
    {
        if (!job.Decodes)
        {
            string network = TorchVisionNetworks.Has(job.Network) ? "TorchVision's network" : "our network";
            yield return new Duel(job.Name, $"TorchSharp, {network}", () => TorchSharp(job, folder));
        }
        foreach (var opponent in Opponent.All(settings.Heap))
            yield return new Duel(job.Name, opponent.Name, () => PyTorch(job, opponent, folder));
    }

    private Measurement Ours(Job job, string folder) =>
        Measurement.Of(
            _self,
            ["measure", Settings.Train, job.Key, job.Decodes ? Images(job, folder) : Pack(job, folder), Weights(job, folder), _seconds],
            _threads);

    private Measurement TorchSharp(Job job, string folder)
    {
        string[] arguments = ["measure", "train-torchsharp", job.Key, Batches(job, folder), TorchSharpWeights(job, folder), _seconds];
        // What libtorch's threads do by themselves, without our limit.
        return Measurement.Of(_self, arguments, _threads.Append(new("GOMP_SPINCOUNT", "300000")));
    }

    private Measurement PyTorch(Job job, Opponent opponent, string folder) =>
        Measurement.Of(
            Python.Path,
            [
                "-W", "ignore", _script, "measure", opponent.Describe(job), Images(job, folder), Weights(job, folder),
                $"{Environment.ProcessorCount}", _seconds,
            ],
            _threads.Concat(opponent.Environment));

    private static string Images(Job job, string folder) => Path.Combine(folder, job.Key);

    private static string Pack(Job job, string folder) => Path.Combine(folder, job.Key + ".pack.safetensors");

    private static string Weights(Job job, string folder) => Path.Combine(folder, job.Key + ".weights.safetensors");

    private static string TorchSharpWeights(Job job, string folder) => Path.Combine(folder, job.Key + ".weights.dat");

    private static string Batches(Job job, string folder) => Path.Combine(folder, job.Key + ".batches");
}
