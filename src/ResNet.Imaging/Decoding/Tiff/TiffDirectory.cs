using System.Buffers.Binary;

namespace ResNet.Imaging.Decoding.Tiff;

/// <summary>The first directory of a TIFF or BigTIFF file: the tags that describe its first image.</summary>
/// <remarks>Format: TIFF 6.0, section 2, and the BigTIFF design of libtiff.</remarks>
internal sealed class TiffDirectory
{
    private const int MostTags = 4096;

    private readonly SortedDictionary<int, Tag> _tags = [];

    private TiffDirectory(bool isBig, bool isBigEndian) => (IsBig, IsBigEndian) = (isBig, isBigEndian);

    /// <summary>Whether it is a BigTIFF file, which has offsets of 8 bytes.</summary>
    internal bool IsBig { get; }

    /// <summary>Whether numbers begin with their highest byte.</summary>
    internal bool IsBigEndian { get; }

    /// <summary>All tags in ascending order.</summary>
    internal IReadOnlyDictionary<int, Tag> Tags => _tags;

    /// <summary>Reads the directory; null if it is damaged.</summary>
    internal static TiffDirectory? TryRead(ReadOnlySpan<byte> file)
    {
        if (file.Length < 16) return null;
        var directory = new TiffDirectory(isBig: (file[2] | file[3]) == 43, isBigEndian: file[0] == 'M');
        var (wide, entrySize) = directory.IsBig ? (8, 20) : (4, 12);
        var start = directory.Number(file.Slice(directory.IsBig ? 8 : 4, wide));
        var countSize = directory.IsBig ? 8 : 2;
        if (start > (ulong)(file.Length - countSize)) return null;
        var rest = file[(int)start..];
        var count = directory.Number(rest[..countSize]);
        if (count is 0 or > MostTags || (ulong)(rest.Length - countSize) < count * (ulong)entrySize) return null;
        for (var i = 0; i < (int)count; i++)
        {
            var entry = rest.Slice(countSize + (i * entrySize), entrySize);
            var tag = new Tag(
                (int)directory.Number(entry.Slice(2, 2)), directory.Number(entry.Slice(4, wide)), entry[(4 + wide)..].ToArray());
            directory._tags.TryAdd((int)directory.Number(entry[..2]), tag);
        }
        return directory;
    }

    /// <summary>The first value of a tag, or <paramref name="otherwise"/> where the tag is absent or no whole number.</summary>
    internal long Value(ReadOnlySpan<byte> file, int tag, long otherwise) =>
        Values(file, tag, 1) is [var value, ..] ? value : otherwise;

    /// <summary>The values of a tag, at most so many; none where the tag is absent, damaged or not of whole numbers.</summary>
    internal long[] Values(ReadOnlySpan<byte> file, int tag, int most)
    {
        if (!_tags.TryGetValue(tag, out var found) || found.Size == 0) return [];
        var count = (int)Math.Min(found.Count, (ulong)most);
        ReadOnlySpan<byte> bytes = found.Field;
        if (found.Count > (ulong)(bytes.Length / found.Size))
        {
            var start = Number(bytes);
            if (start > (ulong)file.Length || (ulong)file.Length - start < (ulong)count * (ulong)found.Size) return [];
            bytes = file[(int)start..];
        }
        var values = new long[count];
        for (var i = 0; i < count; i++) values[i] = (long)Math.Min(Number(bytes.Slice(i * found.Size, found.Size)), long.MaxValue);
        return values;
    }

    /// <summary>Writes a number of 1, 2, 4 or 8 bytes in the file's byte order.</summary>
    internal void Write(Span<byte> destination, ulong number)
    {
        for (var i = 0; i < destination.Length; i++)
            destination[IsBigEndian ? destination.Length - 1 - i : i] = (byte)(number >> (8 * i));
    }

    private ulong Number(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => bytes[0],
        2 => IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        4 => IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => IsBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes),
    };

    /// <summary>A tag: its type, the number of its values, and these values, or their place in the file where they are longer.</summary>
    internal readonly record struct Tag(int Type, ulong Count, byte[] Field)
    {
        // Byte, short, long, directory, 8-byte long, 8-byte directory.
        internal int Size => Type switch { 1 => 1, 3 => 2, 4 or 13 => 4, 16 or 18 => 8, _ => 0 };
    }
}
