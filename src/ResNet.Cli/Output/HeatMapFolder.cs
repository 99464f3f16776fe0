using System.Globalization;
using ResNet.Training.Classification;

namespace ResNet.Cli.Output;

/// <summary>
/// The folder to which <c>predict --explain</c> writes its pictures. If another of them, or an input picture, has the same name, the
/// new name gets a number.
/// </summary>
internal sealed class HeatMapFolder
{
    private readonly string _folder;
    private readonly HashSet<string> _taken;

    internal HeatMapFolder(string? folder, IEnumerable<string> pictures)
    {
        _taken = new(pictures.Where(picture => picture.Length > 0).Select(Path.GetFullPath), StringComparer.OrdinalIgnoreCase);
        _folder = folder ?? ".";
    }

    /// <summary>Writes the picture and returns its path.</summary>
    internal string Write(string picture, Explanation explanation)
    {
        string stem = $"{Path.GetFileNameWithoutExtension(picture)}-explained";
        string path = Path.Combine(_folder, $"{stem}.png");
        for (int i = 2; !_taken.Add(Path.GetFullPath(path)); i++)
            path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}.png"));
        try
        {
            Directory.CreateDirectory(_folder);
            explanation.WritePng(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The heat map '{path}' cannot be written, since the disk is full or the folder cannot be written to: "
                + "give another one with --output.", e);
        }
        return path;
    }
}
