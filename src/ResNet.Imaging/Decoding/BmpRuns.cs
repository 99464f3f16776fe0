namespace ResNet.Imaging.Decoding;

/// <summary>Decodes the run lengths of a bitmap of 4 or 8 bits to a palette index for each pixel.</summary>
/// <remarks>As in Pillow, pixels may continue on the next line, but a run ends with its line; skipped pixels have index 0.</remarks>
internal ref struct BmpRuns(ReadOnlySpan<byte> file, int position, int width, int height, int bits)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private readonly long _total = (long)width * height;
    private int _position = position;
    private long _done;
    private long _x;

    /// <summary>Decodes the indices of all pixels, or only counts them if <paramref name="indices"/> is empty.</summary>
    /// <returns>Whether the file has enough pixels.</returns>
    public bool TryDecode(Span<byte> indices)
    {
        while (_done < _total && _position + 2 <= _file.Length)
        {
            var (count, value) = (_file[_position], _file[_position + 1]);
            _position += 2;
            if (count > 0)
                PutRun(indices, count, value);
            else if (value > 2)
                PutPixels(indices, value);
            else if (!TryMove(indices, value))
                break;
        }
        return _done >= _total;
    }

    private void PutRun(Span<byte> indices, int count, byte value)
    {
        count = (int)Math.Min(count, Math.Max(0, width - _x));
        for (var i = 0; i < count; i++)
            Put(indices, bits == 8 ? value : Half(value, i));
        _x += count;
    }

    private void PutPixels(Span<byte> indices, int count)
    {
        var bytes = bits == 8 ? count : (count + 1) / 2;
        var pixels = _file.Slice(_position, Math.Min(bytes, _file.Length - _position));
        for (var i = 0; i < count && (bits == 8 ? i : i / 2) < pixels.Length; i++)
            Put(indices, bits == 8 ? pixels[i] : Half(pixels[i / 2], i));
        _x += count;
        _position += pixels.Length;
        // The pixels are padded to an even position of the file.
        _position += _position % 2;
    }

    // 0 ends the line, 1 ends the picture, 2 moves right and up.
    private bool TryMove(Span<byte> indices, int command)
    {
        if (command == 0)
        {
            Skip(indices, (width - (_done % width)) % width);
            _x = 0;
            return true;
        }
        if (command == 1 || _position + 2 > _file.Length)
            return false;
        Skip(indices, _file[_position] + ((long)_file[_position + 1] * width));
        _position += 2;
        _x = _done % width;
        return true;
    }

    private void Skip(Span<byte> indices, long count)
    {
        var skipped = Math.Min(count, _total - _done);
        if (!indices.IsEmpty)
            indices.Slice((int)_done, (int)skipped).Clear();
        _done += skipped;
    }

    private void Put(Span<byte> indices, byte index)
    {
        if (_done < _total && !indices.IsEmpty)
            indices[(int)_done] = index;
        _done++;
    }

    private static byte Half(byte two, int i) => (byte)(i % 2 == 0 ? two >> 4 : two & 15);
}
