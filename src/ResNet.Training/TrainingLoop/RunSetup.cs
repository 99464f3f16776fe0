using System.Text.Json;
using System.Text.Json.Serialization;
using ResNet.Training.Checkpoints;
using ResNet.Training.Loading;

namespace ResNet.Training.TrainingLoop;

/// <summary>What a run is made with, under the identifiers that checkpoints keep. A run goes on only with the same.</summary>
internal sealed class RunSetup(ImageLoader training, TrainerOptions options)
{
    private const string OptionsKey = "options";

    private static readonly JsonSerializerOptions s_json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    // For sentences; files have the keys alone.
    private static readonly Dictionary<string, string> s_names = new()
    {
        ["images"] = "the number of images",
        ["batch_size"] = "the batch size",
        ["seed"] = "the seed",
        ["transforms"] = "the transforms",
    };

    /// <summary>A text for each identifier.</summary>
    internal IReadOnlyDictionary<string, string> Texts { get; } = new Dictionary<string, string>
    {
        ["images"] = $"{training.Source.Count}",
        ["batch_size"] = $"{training.Options.BatchSize}",
        ["seed"] = $"{training.Options.Seed}",
        ["transforms"] = training.Transforms.Description,
        [OptionsKey] = JsonSerializer.Serialize(options, s_json),
    };

    /// <summary>Refuses a checkpoint of a run that was made with something else.</summary>
    /// <exception cref="CheckpointException">Something differs; the message says what.</exception>
    internal void ThrowIfDifferent(Checkpoint checkpoint)
    {
        using var then = JsonDocument.Parse(checkpoint.GetText(OptionsKey));
        using var now = JsonDocument.Parse(Texts[OptionsKey]);
        foreach (var property in now.RootElement.EnumerateObject())
        {
            string before = then.RootElement.TryGetProperty(property.Name, out var value) ? value.GetRawText() : "null";
            Compare(checkpoint, $"{nameof(TrainerOptions)}.{property.Name}", before, property.Value.GetRawText());
        }
        foreach (var (key, name) in s_names) Compare(checkpoint, name, checkpoint.GetText(key), Texts[key]);
    }

    private static void Compare(Checkpoint checkpoint, string name, string then, string now)
    {
        if (then == now) return;
        throw CheckpointException.Unusable(
            checkpoint.Path,
            $"was made with {name} = {then}, but now it is {now}: resume with what it was made with, or begin a new run in another folder");
    }
}
