using System.Globalization;
using ResNet.Training.Evaluation;

namespace Imagenette;

/// <summary>Where <c>predict --explain</c> leaves its pictures. Ones of the same name from several folders get numbers.</summary>
internal sealed class HeatMapFolder
{
    private readonly string _folder;
    private readonly HashSet<string> _written = new(StringComparer.OrdinalIgnoreCase);

    internal HeatMapFolder(string? folder)
    {
        _folder = folder ?? ".";
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Writes the picture and says what it shows and where it is.</summary>
    internal string Write(string picture, Explanation explanation)
    {
        string stem = $"{Path.GetFileNameWithoutExtension(picture)}-explained";
        string name = $"{stem}.png";
        for (int i = 2; !_written.Add(name); i++) name = string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}.png");
        string path = Path.Combine(_folder, name);
        explanation.WritePng(path);
        return $"where it sees {explanation.Prediction.Class}: {path}";
    }
}
