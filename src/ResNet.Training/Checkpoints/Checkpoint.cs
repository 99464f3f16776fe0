using System.Globalization;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Training.Checkpoints;

/// <summary>
/// The content of a checkpoint: a safetensors file with a SHA-256 over every byte, which <see cref="WeightsFile"/> can also open.
/// Disposing it disposes its tensors.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private const string FormatKey = "format";
    private const string VersionKey = "version";
    private const string StepKey = "step";
    private const string Format = "resnet-checkpoint";
    private const int Version = 2;

    private readonly WeightsFile _file;

    private Checkpoint(string path, long step, WeightsFile file, IReadOnlyDictionary<string, string> texts) =>
        (Path, Step, _file, Texts) = (path, step, file, texts);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The number of steps of the run at this checkpoint.</summary>
    public long Step { get; }

    /// <summary>The tensors by name, on the CPU and row-major; they live as long as this object.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _file.Tensors;

    /// <summary>The texts by name.</summary>
    public IReadOnlyDictionary<string, string> Texts { get; }

    /// <summary>Reads a checkpoint and checks every byte before use. The caller disposes the result.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">
    /// The file is missing, truncated, damaged, not a checkpoint, or from another version; the message describes the problem.
    /// </exception>
    public static Checkpoint Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SealedFile.Verify(path);
        WeightsFile file;
        try
        {
            file = WeightsFile.Load(path);
        }
        catch (WeightsFileException e)
        {
            // The digest is correct, so the file is not damaged.
            throw CheckpointException.Unusable(path, $"cannot be used: {e.Message.TrimEnd('.')}", e);
        }
        try
        {
            return Of(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Returns a text that each checkpoint of a training run has.</summary>
    /// <exception cref="CheckpointException">It has none of that name.</exception>
    internal string GetText(string name) => Texts.TryGetValue(name, out string? text)
        ? text
        : throw CheckpointException.Unusable(Path, $"is not one of a training run: it has no '{name}'");

    /// <summary>Disposes the tensors.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Writes a checkpoint beside <paramref name="path"/>, flushes it to disk and renames it over it.</summary>
    /// <param name="path">The file; an existing file is replaced, or stays unchanged if writing fails.</param>
    /// <param name="step">The number of steps of the run so far.</param>
    /// <param name="tensors">
    /// At least one tensor, of any device, stride and real type. Row-major tensors on the CPU are written without a copy.
    /// </param>
    /// <param name="texts">Texts by name; the file itself needs the names sha256, format, version and step.</param>
    /// <exception cref="ArgumentException">A name cannot be had, or there are no tensors.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void Write(
        string path, long step, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> texts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var own = new KeyValuePair<string, string>[]
        {
            new(FormatKey, Format), new(VersionKey, $"{Version}"), new(StepKey, step.ToString(CultureInfo.InvariantCulture)),
        };
        string? taken = texts.Keys.FirstOrDefault(name => name == SealedFile.DigestKey || own.Any(text => text.Key == name));
        if (taken is not null)
            throw new ArgumentException($"A text of a checkpoint cannot be called '{taken}', which the file itself needs.", nameof(texts));
        SealedFile.Write(path, tensors, own.Concat(texts));
    }

    private static Checkpoint Of(string path, WeightsFile file)
    {
        var texts = new Dictionary<string, string>(file.Metadata);
        texts.Remove(SealedFile.DigestKey);
        if (!texts.Remove(FormatKey, out string? format) || format != Format) throw Unusable("is not a checkpoint");
        texts.Remove(VersionKey, out string? text);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version < Version)
        {
            throw Unusable(
                $"is of {(version > 0 ? $"version {version}" : "no known version")}, but this library reads version {Version}: "
                + "finish the run with the library that wrote it, or begin a new run in another folder");
        }
        if (version > Version)
        {
            throw Unusable(
                $"is of version {version}, but this library reads version {Version}: use the library that wrote it, or a newer one");
        }
        if (!texts.Remove(StepKey, out text) || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            throw Unusable("does not say of which step it is");
        return new Checkpoint(path, step, file, texts);

        CheckpointException Unusable(string problem) => CheckpointException.Unusable(path, problem);
    }
}
