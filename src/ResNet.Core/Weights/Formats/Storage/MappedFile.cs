using System.IO.MemoryMappedFiles;

namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>A file that is read through a memory-mapped window: even a large file takes no more memory than the window.</summary>
internal sealed class MappedFile : Stream
{
    private const long WindowBytes = 1 << 24;

    private readonly FileStream? _stream;
    private readonly MemoryMappedFile? _file;
    private MemoryMappedViewStream? _window;
    private long _windowStart;
    private long _position;

    /// <summary>Opens the file.</summary>
    /// <exception cref="WeightsFileException">The file does not exist or cannot be read.</exception>
    internal MappedFile(string path)
    {
        Path = path;
        try
        {
            if (Directory.Exists(path)) throw new WeightsFileException(path, "is a folder: name a file in it");
            // Opening a pipe would wait for another process to write into it; a pipe has no length.
            if (Target(path) is { Exists: true, Length: 0 }) return;
            _stream = File.OpenRead(path);
            if (_stream.CanSeek) Length = _stream.Length;
            // An empty file cannot be mapped, and neither can a pipe.
            if (Length > 0)
            {
                _file = MemoryMappedFile.CreateFromFile(
                    _stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WeightsFileException(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _stream?.Dispose();
            throw new WeightsFileException(path, $"cannot be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>The path as it was given.</summary>
    internal string Path { get; }

    /// <summary>Returns a new stream of this file that begins at a position.</summary>
    internal Func<Stream> From(long position) => () =>
    {
        Position = position;
        return this;
    };

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position
    {
        get => _position;
        set => _position = value >= 0 ? value : throw new IOException("A position before the file's beginning.");
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || _position >= Length) return 0;
        long offset = _position - _windowStart;
        if (_window is null || offset < 0 || offset >= _window.Length) MoveWindow();
        _window!.Position = _position - _windowStart;
        int read = _window.Read(buffer);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => _position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _window?.Dispose();
        _file?.Dispose();
        _stream?.Dispose();
        base.Dispose(disposing);
    }

    private static FileInfo Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);

    private void MoveWindow()
    {
        _window?.Dispose();
        _window = null;
        _windowStart = _position / WindowBytes * WindowBytes;
        _window = _file!.CreateViewStream(_windowStart, Math.Min(WindowBytes, Length - _windowStart), MemoryMappedFileAccess.Read);
    }
}
