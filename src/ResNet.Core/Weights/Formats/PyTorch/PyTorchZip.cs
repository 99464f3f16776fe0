using System.IO.Compression;
using System.Text;
using ResNet.Core.Weights.Formats.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// The format of <c>torch.save</c> since PyTorch 1.6 (torch/serialization.py, <c>_save</c>): a zip archive of one folder, in which
/// data.pkl is the pickle, data/KEY are the storages, and byteorder, if present, says "little" or "big". TorchScript's archives
/// (torch/csrc/jit/serialization/export_module.cpp) also have code and constants, which are not read: their pickle is the module, an
/// object whose attributes are its parameters, buffers and modules.
/// </summary>
internal static class PyTorchZip
{
    private const string Pickle = "data.pkl";
    private const string ByteOrder = "byteorder";
    private const string Folder = "archive/";

    internal static bool Matches(ReadOnlySpan<byte> start) => start is [(byte)'P', (byte)'K', 3, 4, ..];

    internal static PickledTensors Read(MappedFile file)
    {
        var archive = Open(file);
        var entries = new Dictionary<string, ZipArchiveEntry>();
        foreach (var entry in archive.Entries)
        {
            if (entry.FullName.Split('/', '\\').Contains("..") || entry.FullName is ['/' or '\\', ..])
                throw new WeightsFileException(file.Path, "is not a file of weights: it is an archive with a path that leads out of it");
            if (entry.CompressedLength > file.Length)
            {
                throw new WeightsFileException(
                    file.Path, $"is cut short or damaged: its archive's '{entry.FullName}' has {entry.CompressedLength} bytes");
            }
            if (entry.IsEncrypted) throw new WeightsFileException(file.Path, "is an encrypted archive, which is not read");
            if (!entries.TryAdd(entry.FullName, entry))
                throw new WeightsFileException(file.Path, $"is damaged: its archive has '{entry.FullName}' twice");
        }
        string folder = FolderOf(file.Path, entries);
        bool swapped = IsBigEndian(file, entries, folder) == BitConverter.IsLittleEndian;

        var storages = new Dictionary<string, StoredStorage>();
        var pickled = entries[folder + Pickle];
        // The objects of a pickle take many times its length, so a pickle longer than the file is hardly accepted.
        RefuseGrowth(file, pickled.Length, growth: 1);
        using var pickle = new MemoryStream(Contents(file, pickled));
        var unpickler = new Unpickler(
            pickle, file.Path, identifier => StorageIdentifier.Parse(file.Path, identifier).In(storages));
        var tensors = StateDictTree.Flatten(unpickler.Load(), unpickler);
        long total = 0;
        foreach (var (key, storage) in storages)
        {
            if (!entries.TryGetValue($"{folder}data/{key}", out var entry))
                throw new WeightsFileException(file.Path, $"is damaged: its archive lacks the storage '{key}'");
            // Entries are looked up by name and never unpacked to a path, so a key with a path in it reaches no other file.
            if (entry.Length / storage.Type.ElementSize() != storage.Count || entry.Length % storage.Type.ElementSize() != 0)
                throw new WeightsFileException(
                    file.Path,
                    $"is damaged: the storage '{key}' has {entry.Length} bytes for {storage.Count} elements of type {storage.Type}");
            total = checked(total + entry.Length);
            RefuseGrowth(file, total);
            storage.IsSwapped = swapped;
            storage.Open = Opening(file, entry);
        }
        return tensors;
    }

    private static ZipArchive Open(MappedFile file)
    {
        try
        {
            return new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (InvalidDataException e)
        {
            throw new WeightsFileException(file.Path, "is cut short or damaged: it begins as a zip archive but does not end as one", e);
        }
    }

    internal static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Add(Pickle, entry => entry.Write(StateDictPickle.Of(tensors)));
        Add(ByteOrder, entry => entry.Write("little"u8));
        int key = 0;
        foreach (var tensor in tensors.Values) Add($"data/{key++}", entry => TensorBytes.Write(entry, tensor));
        // The version of PyTorch's archives, which is 3 since PyTorch 1.6.
        Add("version", entry => entry.Write("3\n"u8));

        void Add(string name, Action<Stream> write)
        {
            // PyTorch maps tensors straight from the archive, so they are not compressed.
            using var entry = archive.CreateEntry(Folder + name, CompressionLevel.NoCompression).Open();
            write(entry);
        }
    }

    private static string FolderOf(string path, Dictionary<string, ZipArchiveEntry> entries)
    {
        string[] pickles = [.. entries.Keys.Where(name =>
            name == Pickle || (name.EndsWith("/" + Pickle, StringComparison.Ordinal) && name.Count(c => c == '/') == 1))];
        if (pickles.Length == 0 && entries.Keys.Any(name => name.EndsWith("/model.json", StringComparison.Ordinal)))
        {
            throw new WeightsFileException(
                path, "is a TorchScript archive of PyTorch 1.0 to 1.2 (model.json), which is not read: load it with PyTorch and save its "
                    + "state_dict()");
        }
        if (pickles.Length != 1)
        {
            throw new WeightsFileException(
                path, $"is a zip archive, but not one of PyTorch's: it has {pickles.Length} times {Pickle} in place of once");
        }
        return pickles[0][..^Pickle.Length];
    }

    private static bool IsBigEndian(MappedFile file, Dictionary<string, ZipArchiveEntry> entries, string folder)
    {
        if (!entries.TryGetValue(folder + ByteOrder, out var entry)) return false;
        const int Longest = 16;
        return (entry.Length <= Longest ? Encoding.ASCII.GetString(Contents(file, entry)).Trim() : "") switch
        {
            "little" => false,
            "big" => true,
            _ => throw new WeightsFileException(file.Path, "is damaged: its byte order is neither little nor big"),
        };
    }

    // Compressed entries are unpacked here, to find damage before anything is loaded.
    private static Func<Stream> Opening(MappedFile file, ZipArchiveEntry entry)
    {
        // Opening an entry checks its header and that it is complete.
        using (var opened = entry.Open())
        {
            if (entry.CompressedLength == entry.Length && opened is not DeflateStream) return entry.Open;
        }
        var contents = Contents(file, entry);
        return () => new MemoryStream(contents);
    }

    private static byte[] Contents(MappedFile file, ZipArchiveEntry entry)
    {
        RefuseGrowth(file, entry.Length);
        if (entry.Length > Array.MaxLength)
            throw new WeightsFileException(
                file.Path,
                $"has {entry.Length} bytes in one piece, '{entry.FullName}', which cannot be unpacked: save it without compression");
        var contents = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(contents);
        return contents;
    }

    private static void RefuseGrowth(MappedFile file, long bytes, long growth = StorageLimits.MaximumGrowth)
    {
        if (bytes > StorageLimits.MaximumBytes(file.Length, growth))
            throw new WeightsFileException(file.Path, $"is not a file of weights: {file.Length} bytes would unpack to {bytes} or more");
    }
}
