using System.Globalization;

namespace Benchmarks.DataLoading;

/// <summary>What is on the command line.</summary>
internal sealed record Settings(string? Photographs, string? Cifar, int Rounds, double Seconds, string Output)
{
    private const int DefaultRounds = 5;
    private const double DefaultSeconds = 4;

    public static Settings Parse(string[] arguments)
    {
        var settings = new Settings(null, null, DefaultRounds, DefaultSeconds, Path.Combine("artifacts", "bench", "data.json"));
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value.");
            settings = arguments[i] switch
            {
                "--photographs" => settings with { Photographs = Folder(arguments[i], value) },
                "--cifar" => settings with { Cifar = Folder(arguments[i], value) },
                "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int rounds) && rounds > 0 => settings with { Rounds = rounds },
                "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out double seconds) && seconds > 0 => settings with { Seconds = seconds },
                "--output" => settings with { Output = value },
                "--rounds" or "--seconds" => throw new ArgumentException($"{arguments[i]} is '{value}', but has to be a number more than 0."),
                _ => throw new ArgumentException($"There is no option '{arguments[i]}': give --photographs FOLDER, --cifar FOLDER, --rounds N, --seconds S or --output FILE."),
            };
        }
        return settings;
    }

    private static string Folder(string option, string path) => Directory.Exists(path)
        ? Path.GetFullPath(path)
        : throw new ArgumentException($"{option} is '{path}', but there is no such folder.");
}
