using System.Runtime.InteropServices;
using System.Text;
using ResNet.Core.Weights.Formats.PyTorch;
using ResNet.Core.Weights.Formats.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats;

/// <summary>An open file of weights: the list of tensors is read and checked, and each tensor is read when it is requested.</summary>
internal sealed class StoredWeights : IDisposable
{
    private readonly MappedFile _file;
    private StoredStorage? _lastStorage;
    private Tensor? _lastElements;

    private StoredWeights(
        MappedFile file, WeightsFormat format,
        IReadOnlyDictionary<string, StoredTensor> tensors, IReadOnlyDictionary<string, string> metadata) =>
        (_file, Format, Tensors, Metadata) = (file, format, tensors, metadata);

    private StoredWeights(MappedFile file, WeightsFormat format, PickledTensors content)
        : this(file, format, content.Tensors, new Dictionary<string, string>()) => Unreadable = content.Unreadable;

    internal WeightsFormat Format { get; }

    internal IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    internal IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors that cannot be read, by name, with the unknown Python name that each of them depends on.</summary>
    internal IReadOnlyDictionary<string, string> Unreadable { get; } = new Dictionary<string, string>();

    internal string Path => _file.Path;

    /// <summary>Opens a file and checks all information about its tensors.</summary>
    /// <exception cref="WeightsFileException">The file is missing, damaged, or of none of the formats.</exception>
    internal static StoredWeights Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = new MappedFile(path);
        try
        {
            var weights = Read(file);
            foreach (var (name, tensor) in weights.Tensors) Check(path, file.Length, name, tensor);
            return weights;
        }
        catch (Exception e) when (IsDamage(e))
        {
            file.Dispose();
            throw Damaged(path, e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads one tensor, which is valid until this object reads another one.</summary>
    internal Tensor Read(StoredTensor tensor)
    {
        if (!ReferenceEquals(_lastStorage, tensor.Storage))
        {
            Forget();
            (_lastElements, _lastStorage) = (Reading(tensor.Storage), tensor.Storage);
        }
        return View(_lastElements!, tensor);
    }

    /// <summary>
    /// Reads all tensors; tensors that share a storage in the file share it in memory. They belong to the caller and to no dispose scope.
    /// </summary>
    internal Dictionary<string, Tensor> ReadAll()
    {
        var result = new Dictionary<string, Tensor>();
        var storages = new Dictionary<StoredStorage, Tensor>();
        try
        {
            foreach (var (name, tensor) in Tensors)
            {
                if (!storages.TryGetValue(tensor.Storage, out var elements))
                    storages.Add(tensor.Storage, elements = Reading(tensor.Storage));
                result.Add(name, View(elements, tensor).DetachFromDisposeScope());
            }
            return result;
        }
        catch
        {
            foreach (var tensor in result.Values) tensor.Dispose();
            throw;
        }
        finally
        {
            // The views keep the memory alive.
            foreach (var elements in storages.Values) elements.Dispose();
        }
    }

    public void Dispose()
    {
        Forget();
        _file.Dispose();
    }

    private static StoredWeights Read(MappedFile file)
    {
        var head = new byte[PyTorchTar.MagicEnd];
        int length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var start = head.AsSpan(0, length);
        file.Position = 0;
        if (PyTorchZip.Matches(start)) return new(file, WeightsFormat.PyTorch, PyTorchZip.Read(file));
        if (PyTorchLegacy.Matches(start)) return new(file, WeightsFormat.PyTorchLegacy, PyTorchLegacy.Read(file));
        if (Safetensors.Matches(start))
        {
            var (tensors, metadata) = Safetensors.Read(file);
            return new(file, WeightsFormat.Safetensors, tensors, metadata);
        }
        if (PyTorchTar.Matches(start)) return new(file, WeightsFormat.PyTorchLegacy, PyTorchTar.Read(file));
        var own = TorchSharpWeights.Read(file) ?? throw Unknown(file.Path, start);
        return new(file, WeightsFormat.TorchSharp, own, new Dictionary<string, string>());
    }

    private static WeightsFileException Unknown(string path, ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty) return new WeightsFileException(path, "is empty, or is no regular file");
        // The first words reveal an HTML page or a Git LFS pointer that was saved in place of the file.
        string text = Encoding.UTF8.GetString(start[..Math.Min(start.Length, 40)]).Split('\n', '\r')[0];
        string begins = text.Length > 3 && text.All(c => !char.IsControl(c) && c != '\uFFFD') ? $"; it begins with '{text}'" : "";
        return new WeightsFileException(
            path,
            "is not a file of weights, or is damaged at its beginning: "
            + $"PyTorch's files, safetensors and TorchSharp's are read{begins}");
    }

    private static void Check(string path, long fileLength, string name, StoredTensor tensor)
    {
        if (tensor.Problem(tensor.Storage.Count) is { } problem)
            throw new WeightsFileException(path, $"is damaged: the tensor '{name}' has {problem}");
        long elements = StoredTensor.Elements(tensor.Shape);
        if (elements > StorageLimits.MaximumBytes(fileLength) / tensor.Storage.Type.ElementSize())
            throw new WeightsFileException(
                path, $"has the tensor '{name}' of {elements} elements, far more than a file of {fileLength} bytes can hold");
    }

    private static bool IsDamage(Exception e) =>
        e is IOException or InvalidDataException or FormatException or OverflowException
            or DecoderFallbackException or NotSupportedException;

    private static WeightsFileException Damaged(string path, Exception e) => e is EndOfStreamException
        ? new WeightsFileException(path, "is cut short", e)
        : new WeightsFileException(path, $"is damaged or cannot be read: {e.Message.TrimEnd('.')}", e);

    private static Tensor View(Tensor elements, StoredTensor tensor) => elements.as_strided(tensor.Shape, tensor.Strides, tensor.Offset);

    private Tensor Reading(StoredStorage storage)
    {
        try
        {
            return storage.Read();
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Damaged(Path, e);
        }
        catch (ExternalException e)
        {
            throw new WeightsFileException(Path, $"has {storage.Bytes} bytes of elements in one piece, for which there is no memory", e);
        }
    }

    private void Forget()
    {
        _lastElements?.Dispose();
        (_lastElements, _lastStorage) = (null, null);
    }
}
