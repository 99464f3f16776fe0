using System.CommandLine;
using System.Text.Json;
using ResNet.Cli.Output;

namespace ResNet.Cli.Options;

/// <summary><c>train --settings FILE</c>: options in a JSON object. The command line takes precedence over them.</summary>
internal sealed class SettingsFile
{
    // These options name a run, which has its settings.
    private static readonly string[] s_continuing = ["--resume", "--extend"];

    // These options name the source of the settings, or the use of the output.
    private static readonly string[] s_onCommandLineOnly = ["--settings", .. s_continuing, JsonOutput.Option.Name];

    private readonly string _path;
    private readonly List<(Option Option, string Property, string? Value)> _settings = [];

    private SettingsFile(string path) => _path = path;

    /// <summary>The option.</summary>
    internal static Option<string?> Option { get; } = new("--settings")
    {
        Description = "A JSON file with options by their names, such as "
            + "{\"dataset\": \"photos\", \"learning-rate\": 0.02, \"pretrained\": true}. "
            + "What is on the command line takes precedence.",
        HelpName = "FILE",
    };

    /// <summary>The options of the file, in the form of the command line.</summary>
    internal IEnumerable<string> Arguments =>
        _settings.Select(setting => setting.Value is null ? setting.Option.Name : $"{setting.Option.Name}={setting.Value}");

    /// <summary>
    /// Reads the file that a command line names, without the options that the command line sets too. Returns null if it names no file,
    /// or if it goes on with a run, which has its settings.
    /// </summary>
    /// <exception cref="CommandLineException">A value in the file is not valid for its option.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static SettingsFile? Read(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (parsed.GetValue(Option) is not { } path
            || command.Options.Any(option => s_continuing.Contains(option.Name) && IsGiven(parsed, option))) return null;
        using var document = JsonFile.Open(path, "settings file", Option.Name);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new CommandLineException($"The settings file '{path}' has to be a JSON object, such as {{\"epochs\": 5}}.");
        var file = new SettingsFile(path);
        var named = new HashSet<Option>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var option = file.Find(property.Name, command);
            if (!named.Add(option)) throw new CommandLineException($"{file.Place}, {Name(option)} is there twice: leave one of them out.");
            string? value = file.Value(property, option);
            // Options that the command line sets are left out of the file's options, and so is a flag that is false.
            if (!IsGiven(parsed, option) && property.Value.ValueKind != JsonValueKind.False)
                file._settings.Add((option, property.Name, value));
        }
        return file;
    }

    /// <summary>Returns a mistake's sentence, with the file's name before it if the value of its option came from the file.</summary>
    internal string Locate(Mistake mistake)
    {
        var (option, property, value) = _settings.FirstOrDefault(setting => setting.Option.Name == mistake.Option);
        return
            option is null ? mistake.Sentence
            : mistake.Fault is { } fault ? $"{Place}, {property} {fault}"
            : $"{Place}, {property} is {(value is null ? "true" : $"'{value}'")}: {mistake.Sentence}";
    }

    private string Place => $"In the settings file '{_path}'";

    private Option Find(string property, Command command)
    {
        var options = command.Options.Where(option => option.Name.StartsWith("--", StringComparison.Ordinal) && !option.Recursive).ToList();
        var option = options.FirstOrDefault(option => Plain(option.Name).Equals(Plain(property), StringComparison.OrdinalIgnoreCase));
        if (option is null)
        {
            var names = options.Where(option => !s_onCommandLineOnly.Contains(option.Name)).Select(Name);
            throw new CommandLineException($"{Place}, there is '{property}', which is no setting: give {string.Join(", ", names)}.");
        }
        if (s_onCommandLineOnly.Contains(option.Name))
            throw new CommandLineException($"{Place}, there is {property}, which belongs on the command line: leave it out.");
        return option;
    }

    // A flag has no value.
    private string? Value(JsonProperty property, Option option)
    {
        var kind = property.Value.ValueKind;
        bool fits =
            option.ValueType == typeof(bool) ? kind is JsonValueKind.True or JsonValueKind.False
            : OptionKind.IsNumber(option) ? kind == JsonValueKind.Number
            : kind == JsonValueKind.String && IsText(property.Value);
        if (!fits)
            throw new CommandLineException(
                $"{Place}, {property.Name} is {property.Value.GetRawText().ReplaceLineEndings(" ")}, "
                + $"but has to be {OptionKind.Describe(option, "")}.");
        return option.ValueType == typeof(bool) ? null : property.Value.ToString();
    }

    // Half a surrogate pair cannot be read, and no path has a null character.
    private static bool IsText(JsonElement value)
    {
        try
        {
            return value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) && !text.Contains('\0', StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static string Name(Option option) => option.Name.TrimStart('-');

    // learning-rate, learning_rate and learningRate are one name.
    private static string Plain(string name) => name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
}
