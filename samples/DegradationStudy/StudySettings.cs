using System.Text.Json;
using ResNet.Core;

namespace DegradationStudy;

/// <summary>What a study was begun with, in <c>study.json</c>: whoever goes on with it has to want the same.</summary>
/// <param name="Dataset">The folder of the images.</param>
/// <param name="Steps">Steps of each network.</param>
/// <param name="Evaluations">How often errors are measured.</param>
/// <param name="Seed">Where weights, order and augmentation come from.</param>
internal sealed record StudySettings(string Dataset, long Steps, int Evaluations, long Seed)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>Whether errors are measured after this step.</summary>
    internal bool IsMeasured(long step) =>
        step == Steps || (step % Math.Max(1, Steps / Evaluations) == 0 && Steps - step >= Steps / Evaluations / 2);

    /// <summary>The settings of the study in a folder; null where there is none.</summary>
    internal static StudySettings? Read(string folder)
    {
        string path = PathIn(folder);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<StudySettings>(File.ReadAllText(path), s_json)!;
        }
        catch (JsonException e)
        {
            throw new StudyException($"'{path}' is damaged ({e.Message.TrimEnd('.')}): choose another --output, or delete that folder.");
        }
    }

    internal void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(PathIn(folder), stream => JsonSerializer.Serialize(stream, this, s_json));
    }

    private static string PathIn(string folder) => Path.Combine(folder, "study.json");
}
