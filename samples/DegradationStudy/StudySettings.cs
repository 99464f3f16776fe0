using System.Text.Json;
using ResNet.Core;

namespace DegradationStudy;

/// <summary>The settings that a study was started with, in <c>study.json</c>. A resumed study needs the same settings.</summary>
/// <param name="Dataset">The folder of the images.</param>
/// <param name="Steps">Steps of each network.</param>
/// <param name="Evaluations">The number of error measurements.</param>
/// <param name="Seed">The seed of weights, order and augmentation.</param>
internal sealed record StudySettings(string Dataset, long Steps, int Evaluations, long Seed)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>Returns whether errors are measured after this step.</summary>
    internal bool IsMeasured(long step) =>
        step == Steps || (step % Math.Max(1, Steps / Evaluations) == 0 && Steps - step >= Steps / Evaluations / 2);

    /// <summary>Reads the settings of the study in a folder; returns null if there are none.</summary>
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
