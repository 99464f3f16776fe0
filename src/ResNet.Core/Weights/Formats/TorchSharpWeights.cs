using System.Text;
using ResNet.Core.Weights.Formats.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats;

/// <summary>
/// TorchSharp's own format (TorchSharp/NN/Module.cs, <c>save_state_dict</c>, and Tensor/TensorExtensionMethods.cs, <c>Save</c>): the
/// number of tensors; for each its name, type, number of dimensions, lengths and bytes. Numbers are LEB128, names are strings as
/// <see cref="BinaryWriter"/> writes them. The format has no mark, so a file has this format if all of it can be read in this way.
/// </summary>
internal static class TorchSharpWeights
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the locations of the tensors; returns null if not even the first entry is of this format.</summary>
    internal static Dictionary<string, StoredTensor>? Read(MappedFile file)
    {
        var tensors = new Dictionary<string, StoredTensor>();
        try
        {
            long count = ReadNumber(file);
            // The smallest tensor takes a name of one letter, its length, the type and the number of dimensions.
            if (count == 0 ? file.Length > 1 : count > file.Length / 4) return null;
            while (tensors.Count < count)
            {
                string name = ReadName(file);
                StorageLimits.Add(file.Path, tensors, name, ReadTensor(file, name));
            }
        }
        catch (Exception e) when (
            tensors.Count == 0 && e is IOException or FormatException or OverflowException or DecoderFallbackException)
        {
            return null;
        }
        if (file.Position != file.Length)
        {
            throw new WeightsFileException(
                file.Path, $"is damaged: {file.Length - file.Position} bytes follow the last tensor of {tensors.Count}");
        }
        return tensors;
    }

    internal static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var writer = new BinaryWriter(stream, s_utf8, leaveOpen: true);
        writer.Write7BitEncodedInt64(tensors.Count);
        foreach (var (name, tensor) in tensors)
        {
            writer.Write(name);
            writer.Write7BitEncodedInt64((int)tensor.dtype);
            writer.Write7BitEncodedInt64(tensor.ndim);
            foreach (long length in tensor.shape) writer.Write7BitEncodedInt64(length);
            writer.Flush();
            TensorBytes.Write(stream, tensor);
        }
    }

    private static string ReadName(MappedFile file)
    {
        long length = ReadNumber(file);
        if (length is < 1 or > StorageLimits.MaximumNameLength) throw new FormatException($"a name of {length} bytes");
        var bytes = new byte[length];
        file.ReadExactly(bytes);
        string name = s_utf8.GetString(bytes);
        return name.Any(char.IsControl) ? throw new FormatException("a name with control characters") : name;
    }

    private static StoredTensor ReadTensor(MappedFile file, string name)
    {
        long code = ReadNumber(file);
        if (code is < 0 or > (long)ScalarType.BFloat16 || !TensorBytes.IsSupported((ScalarType)code))
            throw new FormatException($"the tensor '{name}' is of type {code}, which is not supported");
        long dimensions = ReadNumber(file);
        if (dimensions is < 0 or > StoredTensor.MaximumDimensions)
            throw new FormatException($"the tensor '{name}' has {dimensions} dimensions");
        var shape = new long[dimensions];
        for (int i = 0; i < dimensions; i++) shape[i] = ReadNumber(file);

        var storage = new StoredStorage((ScalarType)code, StoredTensor.Elements(shape))
        {
            IsSwapped = !BitConverter.IsLittleEndian, Open = file.From(file.Position),
        };
        long end = checked(file.Position + (storage.Count * storage.Type.ElementSize()));
        if (end > file.Length) throw new EndOfStreamException();
        file.Position = end;
        return StoredTensor.Contiguous(storage, shape);
    }

    private static long ReadNumber(MappedFile file)
    {
        long result = 0;
        for (int shift = 0; shift < 63; shift += 7)
        {
            int read = file.ReadByte();
            if (read < 0) throw new EndOfStreamException();
            result |= (long)(read & 0x7F) << shift;
            if (read < 0x80) return result;
        }
        throw new FormatException("a number of more than nine bytes");
    }
}
