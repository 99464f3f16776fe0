using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using ResNet.Training.Data;
using ResNet.Training.Data.Packing;

namespace DataLoading;

/// <summary>Both sides in turn, round by round, and what comes of it.</summary>
internal sealed class Comparison(Settings settings)
{
    private const string InterpreterVariable = "PARITY_PYTHON";
    private const int PhotographBatch = 64;
    private const int CifarBatch = 128;
    private const int Copies = 10;
    private const double SameMean = 1e-5;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly string _python = Environment.GetEnvironmentVariable(InterpreterVariable) is { Length: > 0 } path ? path : "/usr/bin/python3";
    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "data_reference.py");
    private readonly string _self = Environment.ProcessPath!;
    private readonly string _workers = $"{Environment.ProcessorCount}";
    private readonly string _seconds = $"{settings.Seconds}";

    public void Run()
    {
        var folder = Directory.CreateTempSubdirectory("data-loading");
        try
        {
            var works = Prepare(folder.FullName);
            var rows = works.SelectMany(work => work.Rows()).ToList();
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var work in works) Measure(work, round);
            }
            foreach (var row in rows) row.Summarise();
            Write(rows);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private List<Work> Prepare(string folder)
    {
        Require();
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

    private void Require()
    {
        using var question = Process.Start(new ProcessStartInfo(_python, ["-c", "import torchvision"]) { RedirectStandardError = true });
        question?.WaitForExit();
        if (question?.ExitCode != 0)
            throw new InvalidOperationException($"{_python} has no torchvision to compare with: install python3-torchvision, or name another Python with {InterpreterVariable}.");
    }

    private string Make(string kind, string folder)
    {
        Console.WriteLine($"Making JPEG files in place of {kind}");
        string target = Path.Combine(folder, kind);
        using var process = Process.Start(_python, [_script, "make", kind, target]);
        process.WaitForExit();
        return process.ExitCode == 0 ? target : throw new InvalidOperationException($"{_script} could not make {kind}.");
    }

    // A hundred photographs are too few for a pass.
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

    private void Measure(Work work, int round)
    {
        Measurement Ours() => Measurement.Of(_self, "measure", work.Pack ?? work.Folder, work.Kind, $"{work.Batch}", _workers, _seconds);
        Measurement Theirs() => Measurement.Of(_python, _script, "measure", work.Folder, work.Kind, $"{work.Batch}", _workers, _seconds);

        // Each goes first in every other round.
        var (ours, theirs) = round % 2 == 1 ? (Ours(), Theirs()) : Swap(Theirs(), Ours());
        work.Add(ours, theirs);
        Console.WriteLine($"round {round}: {work.Name}: {ours.ImagesPerSecond:N0} img/s, {ours.Memory.Proportional:N0} MB; torchvision {theirs.ImagesPerSecond:N0} img/s, {theirs.Memory.Proportional:N0} MB; ratio {ours.ImagesPerSecond / theirs.ImagesPerSecond:0.00}");
        if (work.Kind == "eval" && Math.Abs(ours.Mean - theirs.Mean) > SameMean)
            throw new InvalidOperationException($"The two sides load different values: their means are {ours.Mean} and {theirs.Mean}.");

        static (Measurement, Measurement) Swap(Measurement theirs, Measurement ours) => (ours, theirs);
    }

    private void Write(List<Row> rows)
    {
        string path = Path.GetFullPath(settings.Output);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        ResNet.Core.AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, rows, s_json));
        Console.WriteLine();
        Console.WriteLine($"{settings.Rounds} alternating rounds on {Environment.ProcessorCount} processors, {_workers} workers on both sides; medians, and the ratios' range:");
        int width = rows.Max(row => row.Name.Length);
        Console.WriteLine($"{"".PadRight(width)}        {"ours",10} {"torchvision",12} {"ratio",7}");
        foreach (var row in rows)
            Console.WriteLine($"{row.Name.PadRight(width)}  {row.Unit,-5} {row.Ours,10:N0} {row.Reference,12:N0} {row.Ratio,7:0.00} ({row.RatioMin:0.00} to {row.RatioMax:0.00})");
        Console.WriteLine($"These rows are in {path}");
    }
}
