namespace ResNet.Imaging.Decoding.Tiff;

/// <summary>
/// How the first image of a TIFF file is stored, and the file in the form that libvips reads rightly.
/// </summary>
/// <remarks>
/// libvips shows a tile that libtiff cannot decode as black and does not report it, except where every warning is an error, which
/// refuses sound files too; but a damaged strip is an error. It reads no tiles of separate planes. Therefore it gets tiles as
/// strips below each other: a tile is compressed like a strip of its width and height, so only the directory changes. It also
/// divides associated alpha out, and rounds otherwise than Pillow. Such alpha is therefore declared unassociated, and
/// <see cref="PixelFormat"/> divides. libtiff takes an orientation that does not exist for damage; Pillow ignores it, and it is left out.
/// </remarks>
internal sealed class TiffLayout
{
    private const int Short = 3;
    private const int Long = 4;
    private const int Jpeg = 7;
    private const int MostSamples = 64;
    private const int MostJpegPadding = 1024;

    private readonly TiffDirectory _directory;
    private readonly bool _isOrientationSound;

    private TiffLayout(TiffDirectory directory, ReadOnlySpan<byte> file)
    {
        _directory = directory;
        Width = (int)Math.Min(int.MaxValue, directory.Value(file, TiffTag.Width, 0));
        Height = (int)Math.Min(int.MaxValue, directory.Value(file, TiffTag.Height, 0));
        Compression = (int)directory.Value(file, TiffTag.Compression, 1);
        // libvips itself, not libtiff, decodes tiles of JPEG 2000, and reports its errors.
        var hasTiles = directory.Tags.ContainsKey(TiffTag.TileWidth) || directory.Tags.ContainsKey(TiffTag.TileHeight);
        if (hasTiles && Compression is not (33003 or 33004 or 33005))
        {
            TileWidth = (int)Math.Min(int.MaxValue, directory.Value(file, TiffTag.TileWidth, 0));
            TileHeight = (int)Math.Min(int.MaxValue, directory.Value(file, TiffTag.TileHeight, 0));
            IsTiled = true;
        }
        AssociatedAlpha = FindAssociatedAlpha(file);
        _isOrientationSound = directory.Value(file, TiffTag.Orientation, 1) is >= 1 and <= 8;
    }

    private static ReadOnlySpan<byte> EndOfJpeg => [0xFF, 0xD9];

    /// <summary>Width of the image in pixels.</summary>
    internal int Width { get; }

    /// <summary>Height of the image in pixels.</summary>
    internal int Height { get; }

    /// <summary>Whether the pixels are in tiles that libvips has to get as strips.</summary>
    internal bool IsTiled { get; }

    /// <summary>Width of a tile in pixels; those at the right edge reach beyond the image.</summary>
    internal int TileWidth { get; }

    /// <summary>Height of a tile in pixels; those at the bottom reach beyond the image.</summary>
    internal int TileHeight { get; }

    /// <summary>The channel of the alpha that grey or RGB has been multiplied by; -1 if there is none.</summary>
    internal int AssociatedAlpha { get; }

    /// <summary>The number of the compression.</summary>
    internal int Compression { get; }

    /// <summary>The number of tiles beside each other.</summary>
    internal int TilesAcross => (int)(((long)Width + TileWidth - 1) / TileWidth);

    /// <summary>The number of tiles below each other.</summary>
    internal int TilesDown => (int)(((long)Height + TileHeight - 1) / TileHeight);

    /// <summary>Reads the layout; null if the directory is damaged.</summary>
    internal static TiffLayout? TryRead(ReadOnlySpan<byte> file) =>
        TiffDirectory.TryRead(file) is { } directory ? new TiffLayout(directory, file) : null;

    /// <summary>The name of the compression.</summary>
    internal string CompressionName => Compression switch
    {
        2 or 3 or 4 or 32771 => "CCITT fax",
        6 => "old-style JPEG",
        7 => "JPEG",
        9 or 10 or 34661 => "JBIG",
        32809 => "ThunderScan",
        32908 => "PixarFilm",
        32909 => "PixarLog",
        33003 or 33004 or 33005 or 34712 => "JPEG 2000",
        34676 or 34677 => "SGI Log",
        34887 => "LERC",
        34925 => "LZMA",
        50000 => "Zstandard",
        50001 => "WebP",
        50002 or 52546 => "JPEG XL",
        _ => $"number {Compression}",
    };

    /// <summary>What is not read in a sound file of this layout, whatever libvips was built with; null if nothing.</summary>
    internal string? FindUnread(ReadOnlySpan<byte> file)
    {
        var photometric = _directory.Value(file, TiffTag.Photometric, 1);
        if (photometric is 8 or 9 or 10) return "its colours are CIELab";
        if (photometric is 32844 or 32845) return "its colours are LogLuv";
        var bits = _directory.Values(file, TiffTag.BitsPerSample, MostSamples).Distinct().ToArray();
        if (bits.Length > 1) return $"its samples have different numbers of bits, {string.Join(" and ", bits)}";
        var depth = bits is [var only] ? only : 1;
        var kind = _directory.Value(file, TiffTag.SampleFormat, 1) switch
        {
            // libvips does not invert them.
            2 when depth != 16 || photometric == 0 => "signed ",
            3 => "floating-point ",
            5 or 6 => "complex ",
            _ => "",
        };
        if (kind.Length > 0 || depth is not (1 or 2 or 4 or 8 or 16)) return $"its samples are {kind}numbers of {depth} bits";
        var samples = _directory.Value(file, TiffTag.SamplesPerPixel, 1);
        return depth < 8 && samples > 1 && photometric != 3 ? $"it has {samples} samples of {depth} bits for each pixel" : null;
    }

    /// <summary>
    /// The file with tiles as strips, with unassociated alpha and without an orientation that does not exist; the strips are
    /// <see cref="TileWidth"/> wide, and those of a plane are <see cref="TileHeight"/> times <see cref="TilesAcross"/> times
    /// <see cref="TilesDown"/> high. Null if the file is so already.
    /// </summary>
    /// <exception cref="InvalidDataException">The tiles have no size.</exception>
    /// <exception cref="NotSupportedException">The tiles are too large.</exception>
    internal byte[]? Rewrite(ReadOnlySpan<byte> file, long mostTilePixels)
    {
        if (!IsTiled && AssociatedAlpha < 0 && _isOrientationSound) return null;
        var entries = new SortedDictionary<int, TiffDirectory.Tag>(_directory.Tags.ToDictionary());
        if (IsTiled) MakeStrips(entries, mostTilePixels);
        if (!_isOrientationSound) entries.Remove(TiffTag.Orientation);

        var (wide, countSize) = _directory.IsBig ? (8, 8) : (4, 2);
        // Some decoders want offsets to be even.
        var start = file.Length + (file.Length & 1);
        var directoryLength = countSize + (entries.Count * (4 + (2 * wide))) + wide;
        var extra = AssociatedAlpha < 0 ? [] : _directory.Values(file, TiffTag.ExtraSamples, MostSamples);
        var length = (long)start + directoryLength + (2 * extra.Length);
        if (length > Array.MaxLength || (!_directory.IsBig && length > uint.MaxValue))
        {
            throw new NotSupportedException(
                $"it has {file.Length:N0} bytes, too many for a TIFF image in tiles, with associated alpha or with a bad orientation");
        }

        var rewritten = new byte[length];
        file.CopyTo(rewritten);
        _directory.Write(rewritten.AsSpan(_directory.IsBig ? 8 : 4, wide), (ulong)start);
        if (extra.Length > 0) entries[TiffTag.ExtraSamples] = DeclareUnassociated(extra, rewritten, start + directoryLength);
        _directory.Write(rewritten.AsSpan(start, countSize), (ulong)entries.Count);
        var at = start + countSize;
        foreach (var (number, tag) in entries)
        {
            var entry = rewritten.AsSpan(at, 4 + (2 * wide));
            _directory.Write(entry[..2], (ulong)number);
            _directory.Write(entry.Slice(2, 2), (ulong)tag.Type);
            _directory.Write(entry.Slice(4, wide), tag.Count);
            tag.Field.CopyTo(entry[(4 + wide)..]);
            at += entry.Length;
        }
        // The offset of a next directory stays 0: only the first image is read.
        return rewritten;
    }

    /// <summary>Throws where the JPEG data of a strip or tile break off, which libtiff only warns of.</summary>
    /// <exception cref="InvalidDataException">The end of the data is missing.</exception>
    internal void CheckJpegEnds(ReadOnlySpan<byte> file)
    {
        if (Compression != Jpeg) return;
        var counts = Places(TiffTag.TileByteCounts, TiffTag.StripByteCounts, file);
        var offsets = Places(TiffTag.TileOffsets, TiffTag.StripOffsets, file);
        for (var i = 0; i < Math.Min(offsets.Length, counts.Length); i++)
        {
            // libtiff reports data outside of the file.
            if (offsets[i] >= file.Length || counts[i] < 1 || counts[i] > file.Length - offsets[i]) continue;
            var data = file.Slice((int)offsets[i], (int)counts[i]);
            if (data[Math.Max(0, data.Length - MostJpegPadding)..].LastIndexOf(EndOfJpeg) < 0)
                throw new InvalidDataException($"the JPEG data of {(IsTiled ? "tile" : "strip")} {i} break off");
        }
    }

    private long[] Places(int ofTiles, int ofStrips, ReadOnlySpan<byte> file) =>
        _directory.Values(file, _directory.Tags.ContainsKey(ofTiles) ? ofTiles : ofStrips, int.MaxValue);

    private void MakeStrips(SortedDictionary<int, TiffDirectory.Tag> entries, long mostTilePixels)
    {
        if (TileWidth < 1 || TileHeight < 1) throw new InvalidDataException($"its tiles have {TileWidth} x {TileHeight} pixels");
        if ((long)TileWidth * TileHeight > mostTilePixels)
        {
            throw new NotSupportedException(
                $"its tiles have {TileWidth} x {TileHeight} pixels and {mostTilePixels:N0} are the most that is read");
        }
        var rows = (long)TileHeight * TilesAcross * TilesDown;
        if (rows > int.MaxValue) throw new NotSupportedException($"it has {(long)TilesAcross * TilesDown:N0} tiles, too many to be read");
        // Some writers use the tags of strips for the places of tiles.
        if (entries.Remove(TiffTag.TileOffsets, out var offsets)) entries[TiffTag.StripOffsets] = offsets;
        if (entries.Remove(TiffTag.TileByteCounts, out var counts)) entries[TiffTag.StripByteCounts] = counts;
        entries.Remove(TiffTag.TileWidth);
        entries.Remove(TiffTag.TileHeight);
        entries[TiffTag.Width] = Number(TileWidth);
        entries[TiffTag.Height] = Number((int)rows);
        entries[TiffTag.RowsPerStrip] = Number(TileHeight);
    }

    private TiffDirectory.Tag Number(int value)
    {
        var field = new byte[_directory.IsBig ? 8 : 4];
        _directory.Write(field.AsSpan(0, 4), (ulong)value);
        return new TiffDirectory.Tag(Long, 1, field);
    }

    private TiffDirectory.Tag DeclareUnassociated(long[] extra, byte[] file, int outside)
    {
        var field = new byte[_directory.IsBig ? 8 : 4];
        Span<byte> values = field;
        if (2 * extra.Length > field.Length)
        {
            _directory.Write(field, (ulong)outside);
            values = file.AsSpan(outside);
        }
        for (var i = 0; i < extra.Length; i++) _directory.Write(values.Slice(2 * i, 2), extra[i] == 1 ? 2 : (ulong)extra[i]);
        return new TiffDirectory.Tag(Short, (ulong)extra.Length, field);
    }

    private int FindAssociatedAlpha(ReadOnlySpan<byte> file)
    {
        var photometric = _directory.Value(file, TiffTag.Photometric, 1);
        var index = Array.IndexOf(_directory.Values(file, TiffTag.ExtraSamples, MostSamples), 1L);
        if (index < 0 || photometric is not (0 or 1 or 2)) return -1;
        var alpha = (photometric == 2 ? 3 : 1) + index;
        return alpha < _directory.Value(file, TiffTag.SamplesPerPixel, 1) ? alpha : -1;
    }
}
