using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace Benchmarks.DataLoading;

/// <summary>Runs both sides in turn, round by round, and collects the results.</summary>
internal sealed class DataComparison(Settings settings)
{
    private const int PhotographBatch = 64;
    private const int CifarBatch = 128;
    private const int Copies = 10;
    private const double SameMean = 1e-5;

    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "data_reference.py");
    private readonly string _self = Environment.ProcessPath!;
    private readonly string _workers = $"{Environment.ProcessorCount}";
    private readonly string _seconds = $"{settings.Seconds}";

    public IReadOnlyList<Row> Run()
    {
        var folder = Directory.CreateTempSubdirectory("data-loading");
        try
        {
            var works = Prepare(folder.FullName).Select(work => (Work: work, Contest: Loading(work))).ToList();
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var (work, contest) in works) Measure(work, contest, round);
            }
            return [.. works.SelectMany(work => work.Contest.Rows)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private List<Work> Prepare(string folder)
    {
        string photographs = settings.Photographs ?? Make("photographs", folder);
        string cifar = settings.Cifar ?? Make("cifar", folder);
        if (Directory.Exists(Path.Combine(cifar, "train"))) cifar = Path.Combine(cifar, "train");
        string repeated = Repeat(photographs, Path.Combine(folder, "repeated"));
        string pack = Path.Combine(folder, "photographs.safetensors");
        Console.WriteLine("Packing the photographs");
        ImagePack.Write(new ImageFolder(repeated), pack);
        string what = settings.Photographs is null ? "generated photographs" : "photographs";
        string tiny = settings.Cifar is null ? "50,000 generated JPEGs of 32 × 32" : "CIFAR-10 JPEGs";
        return
        [
            new Work($"{what}, RandomResizedCrop(224), flip, normalise", "train", repeated, null, PhotographBatch),
            new Work($"{what}, Resize(256), CenterCrop(224), normalise", "eval", repeated, null, PhotographBatch),
            new Work($"{what}, RandomResizedCrop(224), flip, normalise, from the pack", "train", repeated, pack, PhotographBatch),
            new Work($"{what}, Resize(256), CenterCrop(224), normalise, from the pack", "eval", repeated, pack, PhotographBatch),
            new Work($"{tiny}, RandomCrop(32, padding=4), flip, normalise", "cifar", cifar, null, CifarBatch),
        ];
    }

    private string Make(string kind, string folder)
    {
        Console.WriteLine($"Making JPEG files in place of {kind}");
        string target = Path.Combine(folder, kind);
        Python.Run(_script, "make", kind, target);
        return target;
    }

    // A hundred photographs are too few for one pass.
    private static string Repeat(string source, string target)
    {
        foreach (var sample in new ImageFolder(source).Samples)
        {
            string relative = Path.GetRelativePath(source, sample.Path);
            string folder = Path.Combine(target, Path.GetDirectoryName(relative)!);
            Directory.CreateDirectory(folder);
            for (int i = 0; i < Copies; i++) File.Copy(sample.Path, Path.Combine(folder, $"{i}-{Path.GetFileName(relative)}"));
        }
        return target;
    }

    private Contest Loading(Work work)
    {
        string[] options = [work.Kind, $"{work.Batch}", _workers, _seconds];
        return new Contest(
            () => Measurement.Of(_self, ["measure", Settings.Data, work.Pack ?? work.Folder, .. options]),
            [new Duel(work.Name, "torchvision", () => Measurement.Of(Python.Path, [_script, "measure", work.Folder, .. options]))]);
    }

    private static void Measure(Work work, Contest contest, int round)
    {
        var measured = contest.Fight(round);
        var (ours, theirs) = (measured[0], measured[1]);
        if (work.Kind == "eval" && Math.Abs(ours.Check - theirs.Check) > SameMean)
            throw new InvalidOperationException($"The two sides load different values: their means are {ours.Check} and {theirs.Check}.");
    }
}
