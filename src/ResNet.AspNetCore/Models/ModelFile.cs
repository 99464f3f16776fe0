using ResNet.Inference;

namespace ResNet.AspNetCore.Models;

/// <summary>Finds and opens the file of a network.</summary>
internal static class ModelFile
{
    private const string Ending = ".safetensors";
    private const string InferenceEnding = ".inference" + Ending;

    /// <summary>Opens a file, or the newest one of a run's folder.</summary>
    /// <exception cref="InferenceFileException">There is none, or it cannot be used.</exception>
    internal static ServedModel Open(string path, ResNetClassifierOptions options)
    {
        var inference = new InferenceOptions { Threads = options.Threads };
        if (options.Open is { } open) return new ServedModel(open(path, inference), NameOf(path));
        string file = Find(path);
        return new ServedModel(ImageClassifier.Open(file, inference), NameOf(file));
    }

    /// <summary>A value that changes when the network of a path does.</summary>
    internal static string Stamp(string path, ResNetClassifierOptions options)
    {
        try
        {
            string ending = options.Open is null ? InferenceEnding : Ending;
            var files = Directory.Exists(path) ? new DirectoryInfo(path).GetFiles($"*{ending}") : [new FileInfo(path)];
            return string.Join('|', files.OrderBy(file => file.Name, StringComparer.Ordinal)
                .Select(file => FormattableString.Invariant($"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Find(string path)
    {
        if (!Directory.Exists(path)) return path;
        var newest = new DirectoryInfo(path).GetFiles($"*{InferenceEnding}").MaxBy(file => (file.LastWriteTimeUtc, file.Name));
        return newest?.FullName ?? throw new InferenceFileException(
            path, $"has no file for inference: write one by 'resnet export {path} --format inference'");
    }

    /// <summary>The name of a file or folder, without the ending of files for inference.</summary>
    internal static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        foreach (string ending in new[] { InferenceEnding, Ending })
        {
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) return name[..^ending.Length];
        }
        return name;
    }
}
