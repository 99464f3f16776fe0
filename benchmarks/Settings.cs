using System.Globalization;
using Benchmarks.Training;
using ResNet.Core.Weights.Published;

namespace Benchmarks;

/// <summary>The settings on the command line.</summary>
internal sealed record Settings
{
    public const string Data = "data";
    public const string Train = "train";
    public const string Infer = "infer";
    public const string Scaling = "scaling";
    public const string Serve = "serve";

    private static readonly string[] s_all = [Data, Train, Infer];

    /// <summary>The parts to compare. Default: all.</summary>
    public IReadOnlyList<string> Parts { get; private init; } = s_all;

    /// <summary>The number of rounds. Default: 3.</summary>
    public int Rounds { get; private init; } = 3;

    /// <summary>The minimum running time of each side in each round, in seconds, after warming up. Default: 5.</summary>
    public double Seconds { get; private init; } = 5;

    /// <summary>A folder of photographs in place of generated ones.</summary>
    public string? Photographs { get; private init; }

    /// <summary>A folder of CIFAR-10's images in place of generated ones.</summary>
    public string? Cifar { get; private init; }

    /// <summary>The training jobs to run. Default: all.</summary>
    public IReadOnlyList<Job> Jobs { get; private init; } = Job.All;

    /// <summary>Whether PyTorch also trains with the C library's heap settings of our console. Default: no.</summary>
    public bool Heap { get; private init; }

    /// <summary>The networks for inference. Default: resnet18 and, but for services, resnet50.</summary>
    public IReadOnlyList<string> Networks { get; private init; } = ["resnet18", "resnet50"];

    /// <summary>How long a service gets more requests than it can answer, in minutes. Default: 0, not at all.</summary>
    public double Overload { get; private init; }

    /// <summary>The folder for the results, with one file for each part.</summary>
    public string Output { get; private init; } = Path.Combine("artifacts", "bench");

    /// <summary>The page to write the tables into, which needs all parts; null for none.</summary>
    public string? Page { get; private init; }

    public static Settings Parse(string[] arguments)
    {
        var settings = new Settings();
        if (arguments is [Data or Train or Infer or Scaling or Serve, ..])
        {
            settings = settings with { Parts = [arguments[0]] };
            if (arguments[0] == Serve) settings = settings with { Networks = [settings.Networks[0]] };
            arguments = arguments[1..];
        }
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length) throw new ArgumentException($"{arguments[i]} needs a value.");
            settings = settings.With(arguments[i], arguments[i + 1]);
        }
        return settings.Page is null || settings.Parts.Count == s_all.Length
            ? settings
            : throw new ArgumentException(
                "--page needs all parts, because one of its tables is about all of them, "
                + $"but only {settings.Parts[0]} is measured.");
    }

    private Settings With(string option, string value) => option switch
    {
        "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int rounds) && rounds > 0 =>
            this with { Rounds = rounds },
        "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out double seconds) && seconds > 0 =>
            this with { Seconds = seconds },
        "--rounds" or "--seconds" => throw new ArgumentException($"{option} is '{value}', but has to be a number more than 0."),
        "--photographs" => this with { Photographs = Folder(option, value) },
        "--cifar" => this with { Cifar = Folder(option, value) },
        "--job" => this with { Jobs = [Job.Find(value)] },
        "--heap" when value is "yes" or "no" => this with { Heap = value == "yes" },
        "--heap" => throw new ArgumentException($"--heap is '{value}', but has to be yes or no."),
        "--overload" when double.TryParse(value, CultureInfo.InvariantCulture, out double minutes) && minutes >= 0 =>
            this with { Overload = minutes },
        "--overload" => throw new ArgumentException($"{option} is '{value}', but has to be a number of minutes, or 0 for none."),
        "--network" => this with { Networks = [Torchvision(value)] },
        "--output" => this with { Output = value },
        "--page" => this with { Page = value },
        _ => throw new ArgumentException(
            $"There is no option '{option}': give --rounds N, --seconds S, --photographs FOLDER, --cifar FOLDER, "
            + "--job NAME, --heap yes, --network NAME, --overload MINUTES or --output FOLDER."),
    };

    // torchvision's networks are the networks with published weights.
    private static string Torchvision(string network) => PretrainedWeights.Catalogue.Any(weights => weights.Network == network)
        ? network
        : throw new ArgumentException(
            $"--network is '{network}', which torchvision does not have: "
            + $"give {string.Join(", ", PretrainedWeights.Catalogue.Select(weights => weights.Network).Distinct())}.");

    private static string Folder(string option, string path) => Directory.Exists(path)
        ? Path.GetFullPath(path)
        : throw new ArgumentException($"{option} is '{path}', but there is no such folder.");
}
