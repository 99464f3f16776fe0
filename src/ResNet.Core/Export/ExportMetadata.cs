using System.Text.Json;
using ResNet.Core.Weights;

namespace ResNet.Core.Export;

/// <summary>The texts about a network that exported files have, in the same form in every format.</summary>
internal static class ExportMetadata
{
    /// <summary>Classes as a JSON list, and preprocessing as a JSON object.</summary>
    internal static IEnumerable<(string Key, string Text)> Of(IReadOnlyList<string>? classes, Preprocessing? preprocessing)
    {
        if (classes is not null) yield return ("classes", JsonSerializer.Serialize(classes));
        if (preprocessing is null) yield break;
        yield return ("preprocessing", JsonSerializer.Serialize(new
        {
            resize = preprocessing.ResizeTo,
            crop = preprocessing.CropSize,
            interpolation = preprocessing.Interpolation.ToString().ToLowerInvariant(),
            mean = preprocessing.Mean,
            deviation = preprocessing.Deviation,
        }));
    }
}
