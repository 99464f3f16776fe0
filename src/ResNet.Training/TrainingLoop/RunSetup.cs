using System.Text.Json;
using System.Text.Json.Serialization;
using ResNet.Core;
using ResNet.Training.Checkpoints;
using ResNet.Training.Loading;

namespace ResNet.Training.TrainingLoop;

/// <summary>The images and options of a run, by the identifiers in checkpoints. A run resumes only with the same setup.</summary>
internal sealed class RunSetup(ImageLoader training, TrainerOptions options)
{
    private const string OptionsKey = "options";
    private const string SamplerKey = "sampler", SamplerName = "the sampler";

    private static readonly JsonSerializerOptions s_json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    // The names in error messages; files have the keys.
    private static readonly Dictionary<string, string> s_names = new()
    {
        ["images"] = "the number of images",
        ["batch_size"] = "the batch size",
        ["seed"] = "the seed",
        ["transforms"] = "the transforms",
    };

    /// <summary>The value of each identifier, as text.</summary>
    internal IReadOnlyDictionary<string, string> Texts { get; } = Describe(training, options);

    /// <summary>The same parts, each option by itself, with their names in error messages. All runs have as many.</summary>
    internal IEnumerable<(string Name, string Text)> NameParts()
    {
        foreach (var (key, name) in s_names) yield return (name, Texts[key]);
        yield return (SamplerName, Sampler(Texts));
        using var json = JsonDocument.Parse(Texts[OptionsKey]);
        foreach (var property in json.RootElement.EnumerateObject()) yield return (NameOf(property), property.Value.GetRawText());
    }

    /// <summary>Throws if a checkpoint has another setup.</summary>
    /// <exception cref="CheckpointException">A value differs; the message names it.</exception>
    internal void ThrowIfDifferent(Checkpoint checkpoint)
    {
        using var then = JsonDocument.Parse(checkpoint.GetText(OptionsKey));
        using var now = JsonDocument.Parse(Texts[OptionsKey]);
        foreach (var property in now.RootElement.EnumerateObject())
        {
            if (property.Name == nameof(TrainerOptions.Extensions) && Begins(property.Value, then.RootElement)) continue;
            string before = then.RootElement.TryGetProperty(property.Name, out var value) ? value.GetRawText()
                // libtorch computed everything before there were engines.
                : property.Name == nameof(TrainerOptions.Engine) ? JsonSerializer.Serialize(TrainingEngine.Torch, s_json)
                // Or several processes.
                : property.Name == nameof(TrainerOptions.SynchronizedNorms) ? "false" : "null";
            Compare(checkpoint, NameOf(property), before, property.Value.GetRawText());
        }
        foreach (var (key, name) in s_names) Compare(checkpoint, name, checkpoint.GetText(key), Texts[key]);
        Compare(checkpoint, SamplerName, Sampler(checkpoint.Texts), Sampler(Texts));
    }

    private static Dictionary<string, string> Describe(ImageLoader training, TrainerOptions options)
    {
        var texts = new Dictionary<string, string>
        {
            ["images"] = $"{training.Source.Count}",
            ["batch_size"] = $"{training.Options.BatchSize}",
            ["seed"] = $"{training.Options.Seed}",
            ["transforms"] = training.Transforms.Description,
            [OptionsKey] = JsonSerializer.Serialize(options, s_json),
        };
        if (training.Options.Sampler != ImageSampler.Once) texts[SamplerKey] = $"{training.Options.Sampler}";
        return texts;
    }

    private static string NameOf(JsonProperty option) => $"{nameof(TrainerOptions)}.{option.Name}";

    // A run may have more extensions than its checkpoint.
    private static bool Begins(JsonElement now, JsonElement then)
    {
        string[] before = List(then.TryGetProperty(nameof(TrainerOptions.Extensions), out var value) ? value : default);
        return List(now).Take(before.Length).SequenceEqual(before);

        static string[] List(JsonElement extensions) => extensions.ValueKind == JsonValueKind.Array
            ? [.. extensions.EnumerateArray().Select(extension => extension.GetRawText())]
            : [];
    }

    // Checkpoints of runs that take each image once name no sampler, as before there were samplers.
    private static string Sampler(IReadOnlyDictionary<string, string> texts) =>
        texts.TryGetValue(SamplerKey, out string? sampler) ? sampler : $"{ImageSampler.Once}";

    private static void Compare(Checkpoint checkpoint, string name, string then, string now)
    {
        if (then == now) return;
        throw CheckpointException.Unusable(
            checkpoint.Path,
            $"was made with {name} = {then}, but now it is {now}: resume with the former value, or begin a new run in another folder");
    }
}
