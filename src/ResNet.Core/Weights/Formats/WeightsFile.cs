using ResNet.Core.Weights.Formats.PyTorch;
using ResNet.Core.Weights.Formats.Storage;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats;

/// <summary>
/// Named tensors in a file of PyTorch, safetensors or TorchSharp. Nothing in a file is ever run, and what lies beside the tensors, such
/// as settings, schedules and other Python objects, is passed over.
/// </summary>
/// <remarks>Files are mapped into memory while they are read: do not shorten one meanwhile.</remarks>
public sealed class WeightsFile : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors;

    private WeightsFile(StoredWeights stored) =>
        (Format, Metadata, Unreadable, _tensors) = (stored.Format, stored.Metadata, stored.Unreadable, stored.ReadAll());

    /// <summary>The format of the file.</summary>
    public WeightsFormat Format { get; }

    /// <summary>
    /// The tensors by name, on the CPU; they live as long as this object. The names of tensors in nested containers begin with
    /// the containers' names: <c>state_dict.conv1.weight</c>. Tensors that share memory in PyTorch share it here.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>
    /// The tensors of a PyTorch file that are not in <see cref="Tensors"/>, by name, with the Python name that each of them depends on
    /// and that is not read, such as <c>torch._utils._rebuild_sparse_tensor</c> or <c>torch.ComplexFloatStorage</c>. Empty in most files.
    /// </summary>
    public IReadOnlyDictionary<string, string> Unreadable { get; }

    /// <summary>The texts stored with the tensors; only safetensors has them.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Writes the tensors to a file beside <paramref name="path"/>, flushes it to disk and renames it over the target.</summary>
    /// <param name="path">The file; an existing file is replaced, and stays as it is if writing fails.</param>
    /// <param name="tensors">Tensors by name, of any device, type and stride; complex ones are refused.</param>
    /// <param name="metadata">Texts to store with the tensors; only safetensors supports them.</param>
    /// <param name="format">The format of the file. Default: safetensors.</param>
    /// <exception cref="ArgumentException">The format cannot hold it, or is not written, or there is nothing to write.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(
        string path, IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null, WeightsFormat format = WeightsFormat.Safetensors)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var write = Writing(tensors, metadata, format);
        AtomicFile.Write(path, write);
    }

    /// <summary>Writes the content of a file of weights to a stream, for example to embed, hash or count it.</summary>
    /// <param name="stream">The stream to write to; it stays open.</param>
    /// <param name="tensors">Tensors by name, of any device, type and stride; complex ones are refused.</param>
    /// <param name="metadata">Texts to store before the tensors, in this order; only safetensors supports them.</param>
    /// <param name="format">The format of the bytes. Default: safetensors.</param>
    /// <exception cref="ArgumentException">The format cannot hold it, or is not written, or there is nothing to write.</exception>
    public static void Save(
        Stream stream, IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null, WeightsFormat format = WeightsFormat.Safetensors)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Writing(tensors, metadata, format)(stream);
    }

    /// <summary>
    /// Reads a file of any <see cref="WeightsFormat"/>, recognised by its content. The caller disposes the result, and with it
    /// its tensors.
    /// </summary>
    /// <exception cref="WeightsFileException">
    /// The file is missing, cut short, damaged, of none of the formats, or has no tensor that can be read.
    /// </exception>
    public static WeightsFile Load(string path)
    {
        using var stored = StoredWeights.Open(path);
        return new WeightsFile(stored);
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
        _tensors.Clear();
    }

    // Invalid arguments are refused before a file is created.
    private static Action<Stream> Writing(
        IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata, WeightsFormat format)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        if (metadata is { Count: > 0 } && format != WeightsFormat.Safetensors)
        {
            throw new ArgumentException(
                $"The format {format} has no place for texts beside the tensors: "
                + $"leave the metadata out, or choose {WeightsFormat.Safetensors}.", nameof(metadata));
        }
        if (tensors.Count is 0 or > StorageLimits.MaximumTensors)
        {
            throw new ArgumentException(
                $"There are {tensors.Count} tensors, but a file of weights has 1 to {StorageLimits.MaximumTensors}.", nameof(tensors));
        }
        foreach (var (name, tensor) in tensors)
        {
            if (name.Length is 0 or > StorageLimits.MaximumNameLength || name.Any(char.IsControl) || name == Safetensors.MetadataKey)
            {
                throw new ArgumentException(
                    $"A tensor cannot be called '{name}': names have 1 to {StorageLimits.MaximumNameLength} characters, "
                    + $"none of them a control character, and '{Safetensors.MetadataKey}' means something else.", nameof(tensors));
            }
            if (!TensorBytes.IsSupported(tensor.dtype))
            {
                throw new ArgumentException(
                    $"The tensor '{name}' is of type {tensor.dtype}, which files of weights do not have.", nameof(tensors));
            }
        }
        return format switch
        {
            WeightsFormat.Safetensors => stream => Safetensors.Write(stream, tensors, metadata),
            WeightsFormat.PyTorch => stream => PyTorchZip.Write(stream, tensors),
            WeightsFormat.TorchSharp => stream => TorchSharpWeights.Write(stream, tensors),
            _ => throw new ArgumentException(
                $"Files of the format {format} are not written: "
                + $"choose {WeightsFormat.Safetensors}, {WeightsFormat.PyTorch} or {WeightsFormat.TorchSharp}.", nameof(format)),
        };
    }
}
