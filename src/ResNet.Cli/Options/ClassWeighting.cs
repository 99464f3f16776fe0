using System.CommandLine;
using System.Text.Json;
using ResNet.Training.Data;

namespace ResNet.Cli.Options;

/// <summary><c>train --class-weights balanced|FILE</c>: the weights of the classes in the loss.</summary>
internal sealed class ClassWeighting
{
    private const string OptionName = "--class-weights";
    private const string Balanced = "balanced";
    private const string Kind = "class weights file";

    // The number of class names in a message.
    private const int NamedAtMost = 10;

    // Null for balanced weights.
    private readonly Dictionary<string, double>? _weights;
    private readonly string _path;

    private ClassWeighting(string path, Dictionary<string, double>? weights) => (_path, _weights) = (path, weights);

    internal static Option<string?> CreateOption() => new(OptionName)
    {
        Description = "The weights of the classes in the loss: 'balanced' gives all classes the same influence, whatever their numbers of "
            + "images; or a JSON file such as {\"healthy\": 1, \"ill\": 3}. Default: all classes have the same weight.",
        HelpName = "balanced|FILE",
    };

    /// <summary>Reads the option's value; null if there is none.</summary>
    /// <exception cref="CommandLineException">The file has another content than a positive number for each of some names.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static ClassWeighting? Read(string? value)
    {
        if (value is null) return null;
        if (value == Balanced) return new ClassWeighting(value, weights: null);
        if (!File.Exists(value))
            throw CommandLineException.About(OptionName, $"is '{value}', but has to be '{Balanced}' or the path of a JSON file.");
        using var document = JsonFile.Open(value, Kind, OptionName);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw Wrong($"The {Kind} '{value}' has to be a JSON object, such as {{\"healthy\": 1, \"ill\": 3}}.");
        var weights = new Dictionary<string, double>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            string name = ReadName(property, value);
            bool isNumber = property.Value.ValueKind == JsonValueKind.Number;
            double weight = isNumber ? property.Value.GetDouble() : double.NaN;
            if (weight is not (> 0 and < double.PositiveInfinity))
            {
                throw Wrong(
                    $"In the {Kind} '{value}', {name} is {property.Value.GetRawText()}, but has to be a number more than 0.");
            }
            if (!weights.TryAdd(name, weight))
                throw Wrong($"In the {Kind} '{value}', {name} is there twice: leave one of them out.");
        }
        return new ClassWeighting(value, weights);
    }

    /// <summary>Returns the weight of each class of a data set.</summary>
    /// <exception cref="CommandLineException">The file does not name exactly the classes of the data set.</exception>
    internal IReadOnlyList<double> Of(ImageSet training)
    {
        if (_weights is null) return ClassWeights.Balanced(training.Source, training.Classes.Count);
        if (_weights.Keys.FirstOrDefault(name => !training.Classes.Contains(name)) is { } unknown)
        {
            string known = string.Join(", ", training.Classes.Take(NamedAtMost));
            throw Wrong(
                $"In the {Kind} '{_path}', there is '{unknown}', which is no class of '{training.Root}': its classes are "
                + $"{known}{(training.Classes.Count > NamedAtMost ? " and others" : "")}.");
        }
        return training.Classes.FirstOrDefault(name => !_weights.ContainsKey(name)) is { } missing
            ? throw Wrong($"The {Kind} '{_path}' has no weight for the class '{missing}': give one for each class.")
            : [.. training.Classes.Select(name => _weights[name])];
    }

    private static CommandLineException Wrong(string sentence, Exception? inner = null) =>
        new(new Mistake(sentence, OptionName), inner);

    private static string ReadName(JsonProperty property, string path)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException e)
        {
            throw Wrong($"The {Kind} '{path}' has a name that is not Unicode text: write the name of a class.", e);
        }
    }
}
