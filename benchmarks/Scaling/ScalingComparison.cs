using System.Diagnostics;
using System.Globalization;
using Benchmarks.Training;
using ResNet.Core;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;

namespace Benchmarks.Scaling;

/// <summary>
/// Trains on two processes with a thread each, on one with two threads, and on one with one thread on one core, in turn; then forecasts
/// the speed of more processes.
/// </summary>
internal sealed class ScalingComparison(Settings settings)
{
    private const string Threads = "OMP_NUM_THREADS";

    // Of ResNet-50 in single precision, without the padding.
    private const double BytesOfResNet50 = 25_557_032 * sizeof(float);
    private const double BytesOfResNet101 = 44_549_160 * sizeof(float);

    // Of Ethernet between hosts, assumed.
    private const double Latency = 10e-6;

    private static readonly int[] s_processes = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
    private static readonly double[] s_gigabits = [10, 25, 100, 400];

    private readonly string _self = Environment.ProcessPath!;
    private readonly string _seconds = settings.Seconds.ToString(CultureInfo.InvariantCulture);

    public IReadOnlyList<Row> Run()
    {
        if (Environment.ProcessorCount < 2) throw new InvalidOperationException("Two processes need two processors.");
        var folder = Directory.CreateTempSubdirectory("scaling");
        try
        {
            var contests = new List<Contest>();
            foreach (var job in Job.Divided)
            {
                Prepare(job, folder.FullName);
                contests.Add(new Contest(
                    () => Together(2, 1, job, folder.FullName),
                    [
                        new Duel($"2 processes of a thread, {job.Name}", "1 process of 2 threads", () => Alone(2, job, folder.FullName)),
                        new Duel(
                            $"2 processes of a thread, {job.Name}", "1 process of a thread, a core", () => Alone(1, job, folder.FullName)),
                    ]));
                contests.Add(new Contest(
                    () => Together(1, 2, job, folder.FullName),
                    [new Duel($"1 process of mpirun, {job.Name}", "without mpirun", () => Alone(2, job, folder.FullName))]));
            }
            for (int round = 1; round <= settings.Rounds; round++) foreach (var contest in contests) contest.Fight(round);
            PrintModel(contests);
            return [.. contests.SelectMany(contest => contest.Rows).Where(row => row.Unit == Row.Speed)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Prepare(Job job, string folder)
    {
        string images = Images(job, folder);
        Python.Run(Path.Combine(AppContext.BaseDirectory, "train_reference.py"), "make", images, $"{job.Images}", $"{job.ImageSize}");
        ImagePack.Write(new ImageFolder(images), Pack(job, folder));
        using var model = ResNets.Create(job.Network, job.Classes, job.Channels, seed: 1);
        model.SaveWeights(Weights(job, folder));
    }

    private static string Images(Job job, string folder) => Path.Combine(folder, $"{job.Key}-images");

    private static string Pack(Job job, string folder) => Path.Combine(folder, $"{job.Key}.pack");

    private static string Weights(Job job, string folder) => Path.Combine(folder, $"{job.Key}.safetensors");

    private string[] Arguments(Job job, string folder) => ["measure", "train", job.Key, Pack(job, folder), Weights(job, folder), _seconds];

    private Measurement Together(int processes, int threads, Job job, string folder) => Measurement.Of(
        "mpirun", [.. Mpirun(processes), _self, .. Arguments(job, folder)], [new(Threads, $"{threads}"), .. AsRoot]);

    // A single thread has the core for itself, with what decodes for it.
    private Measurement Alone(int threads, Job job, string folder) => threads > 1
        ? Measurement.Of(_self, Arguments(job, folder), [new(Threads, $"{threads}")])
        : Measurement.Of("taskset", ["--cpu-list", "0", _self, .. Arguments(job, folder)], [new(Threads, "1")]);

    private static IEnumerable<string> Mpirun(int processes) => ["--bind-to", "none", "-n", $"{processes}"];

    private static IEnumerable<KeyValuePair<string, string>> AsRoot =>
        [new("OMPI_ALLOW_RUN_AS_ROOT", "1"), new("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")];

    private void PrintModel(IReadOnlyList<Contest> contests)
    {
        var start = new ProcessStartInfo("mpirun", [.. Mpirun(2), _self, "measure", "sums"]) { RedirectStandardOutput = true };
        foreach (var (name, value) in AsRoot) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var sums = SumTimes.Read(process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var here = Network.Fit(sums);
        Console.WriteLine();
        Console.WriteLine($"Sums of two processes here: latency {here.Latency * 1e6:0} µs, {here.BytesPerSecond / 1e9:0.0} GB/s");
        foreach (var (bytes, seconds) in sums)
            Console.WriteLine($"  {bytes / 1024,8:#,0} KiB: {seconds * 1e3,8:0.000} ms, model {here.Sum(2, bytes) * 1e3:0.000} ms");
        foreach (var (job, contest) in Job.Divided.Zip(contests.Where((_, i) => i % 2 == 0)))
        {
            using var model = ResNets.Create(job.Network, job.Classes, job.Channels);
            double alone = job.BatchSize / 2 / contest.Duels[1].Rows.First().Theirs.Median;
            var measured = contest.Duels[1].Rows.First().Ratio;
            var step = new StepModel
            {
                Forward = alone / 3, Backward = alone * 2 / 3, Network = here,
                Bytes = model.parameters().Sum(parameter => parameter.numel()) * sizeof(float),
            };
            var fitted = step.Fitted(measured.Median / 2, processes: 2);
            Console.WriteLine(
                $"{job.Network}: 2 processes are {2 * step.Efficiency(2):0.00} times as fast as one by the model without straggling, and "
                + $"{measured.Text("0.00")} times as measured: straggling {fitted.Straggling:0.0 %}");
        }
        // One published point is fitted, and the other one foretold.
        var fit = P100(50).Fitted(0.9, processes: 256, among: 8);
        Console.WriteLine();
        Console.WriteLine(
            "ResNet-50 on Tesla P100, 32 images a GPU, pass backward 120 ms, 8 GPUs a host, speed of a GPU beside that among 8; "
            + $"straggling {fit.Straggling:0.0 %}, fitted to about 90 % for 256 GPUs with 50 Gbit/s (Goyal et al. 2017):");
        Console.WriteLine($"{"GPUs",8}" + string.Concat(s_gigabits.Select(gigabits => $"{gigabits,7:0} Gbit/s")));
        foreach (int processes in s_processes)
        {
            Console.WriteLine($"{processes,8}" + string.Concat(s_gigabits.Select(gigabits =>
                $"{(P100(gigabits) with { Straggling = fit.Straggling }).Efficiency(processes, among: 8),12:0.0 %}  ")));
        }
        Console.WriteLine(
            "Speed of a GPU beside that of one alone: "
            + "512 GPUs with 25 Gbit/s, ResNet-101, 4 GPUs a host: "
            + $"{(Horovod() with { Straggling = fit.Straggling }).Efficiency(512):0.0 %} by the model, "
            + $"{Horovod().Efficiency(512):0.0 %} without straggling, 90 % in Sergeev and Del Balso 2018 (Horovod)");
        Console.WriteLine(
            "and 256 GPUs with 100 Gbit/s, ResNet-50, 8 GPUs a host: "
            + $"{(P100(100) with { Straggling = fit.Straggling }).Efficiency(256):0.0 %} by the model, "
            + $"{P100(100).Efficiency(256):0.0 %} without straggling, \"near-linear\" in Li et al. 2020 (PyTorch's DDP)");
    }

    // The forward pass takes half the time of the backward pass.
    private static StepModel P100(double gigabits) => new()
    {
        Forward = 0.060, Backward = 0.120, Bytes = BytesOfResNet50, Network = Network.Of(gigabits, Latency), ProcessesOfHost = 8,
    };

    // 64 images a GPU; ResNet-101 takes 1.9 times the multiplications of ResNet-50.
    private static StepModel Horovod() => new()
    {
        Forward = 0.060 * 2 * 1.9, Backward = 0.120 * 2 * 1.9, Bytes = BytesOfResNet101, Network = Network.Of(25, Latency),
        ProcessesOfHost = 4,
    };
}
