using System.Globalization;

namespace Benchmarks.Training;

/// <summary>What is on the command line.</summary>
/// <param name="Jobs">What is trained.</param>
/// <param name="Rounds">How often all sides take their turn.</param>
/// <param name="Seconds">How long each trains at least, each time.</param>
/// <param name="Heap">Whether PyTorch also runs with the C library's heap set as our console sets it.</param>
/// <param name="Output">The file for the rows.</param>
internal sealed record Settings(IReadOnlyList<Job> Jobs, int Rounds, double Seconds, bool Heap, string Output)
{
    private const int DefaultRounds = 5;
    private const double DefaultSeconds = 10;

    public static Settings Parse(string[] arguments)
    {
        var settings = new Settings(Job.All, DefaultRounds, DefaultSeconds, Heap: false, Path.Combine("artifacts", "bench", "train.json"));
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value.");
            settings = arguments[i] switch
            {
                "--job" => settings with { Jobs = [Job.Find(value)] },
                "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int rounds) && rounds > 0 => settings with { Rounds = rounds },
                "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out double seconds) && seconds > 0 => settings with { Seconds = seconds },
                "--heap" when value is "yes" or "no" => settings with { Heap = value == "yes" },
                "--output" => settings with { Output = value },
                "--rounds" or "--seconds" => throw new ArgumentException($"{arguments[i]} is '{value}', but has to be a number more than 0."),
                "--heap" => throw new ArgumentException($"--heap is '{value}', but has to be yes or no."),
                _ => throw new ArgumentException($"There is no option '{arguments[i]}': give --job NAME, --rounds N, --seconds S, --heap yes or --output FILE."),
            };
        }
        return settings;
    }
}
