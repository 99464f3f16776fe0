using System.Buffers.Binary;
using System.IO.Compression;

namespace ResNet.Training.Data.Known;

/// <summary>An IDX file of bytes, the format of MNIST and its successors (http://yann.lecun.com/exdb/mnist/).</summary>
internal sealed class IdxFile
{
    private const byte UnsignedByteType = 0x08;
    private const int MagicLength = 4;

    private IdxFile(byte[] bytes, int[] dimensions)
    {
        Dimensions = dimensions;
        Data = bytes.AsMemory(HeaderLength(dimensions.Length));
    }

    /// <summary>The length of each dimension, the number of items first.</summary>
    public IReadOnlyList<int> Dimensions { get; }

    /// <summary>The items, one after the other.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Reads a file that is compressed with gzip.</summary>
    /// <param name="compressed">The compressed file.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="dimensions">The required lengths of its dimensions.</param>
    /// <exception cref="DatasetException">The file is damaged, is not an IDX file of bytes, or has other dimensions.</exception>
    public static IdxFile ReadGzip(Stream compressed, string name, params ReadOnlySpan<int> dimensions)
    {
        using var bytes = new MemoryStream();
        try
        {
            using var plain = new GZipStream(compressed, CompressionMode.Decompress);
            plain.CopyTo(bytes);
        }
        catch (InvalidDataException failure)
        {
            throw new DatasetException($"'{name}' is damaged: it cannot be unpacked as a gzip file.", failure);
        }
        return Parse(bytes.ToArray(), name, dimensions);
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <inheritdoc cref="ReadGzip"/>
    public static IdxFile Parse(byte[] bytes, string name, params ReadOnlySpan<int> dimensions)
    {
        if (bytes.Length < MagicLength || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != UnsignedByteType)
            throw new DatasetException(
                $"'{name}' is not an IDX file of bytes: "
                + $"it starts with {Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, MagicLength)))} instead of 000008.");
        var header = HeaderLength(bytes[3]);
        if (bytes.Length < header)
            throw new DatasetException($"'{name}' is cut off: it has {bytes.Length} bytes where its header alone has {header}.");

        var actual = new int[bytes[3]];
        for (var i = 0; i < actual.Length; i++)
            actual[i] = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(MagicLength + (i * sizeof(int))));
        if (!dimensions.SequenceEqual(actual))
            throw new DatasetException($"'{name}' holds {Shape(actual)} bytes where {Shape(dimensions)} are expected.");

        var length = header + actual.Aggregate(1L, (product, dimension) => product * dimension);
        if (bytes.Length != length)
            throw new DatasetException($"'{name}' is damaged: it has {bytes.Length} bytes instead of {length}.");
        return new IdxFile(bytes, actual);
    }

    private static int HeaderLength(int dimensions) => MagicLength + (dimensions * sizeof(int));

    private static string Shape(ReadOnlySpan<int> dimensions) => $"[{string.Join(", ", dimensions.ToArray())}]";
}
