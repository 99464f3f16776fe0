using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using System.Text;
using ResNet.Imaging;
using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data.Packs;

/// <summary>
/// The decoded images of an image folder in one memory-mapped file: no epoch decodes images (the idea of FFCV,
/// Leclerc et al. 2023, https://arxiv.org/abs/2306.12517).
/// </summary>
/// <remarks>
/// <para>
/// The file is a safetensors file, which other programs read too: <c>pixels</c>, uint8, all images one after the other, each
/// <c>[H, W, channels]</c>; <c>offsets</c>, int64 [N + 1], the start of each; <c>labels</c>, int64 [N]; <c>sizes</c>, int32 [N, 2],
/// heights and widths; <c>checksums</c>, int64 [N], CRC-32C; <c>names</c>, uint8, in UTF-8, each followed by a zero. Its metadata has
/// the classes and the origin of the pack. Numbers are little-endian.
/// </para>
/// <para>
/// Opening checks the index, and the first use of an image checks its checksum. A file that is truncated while it is open ends the process,
/// as with every mapping. Safe to use from many threads.
/// </para>
/// </remarks>
public sealed unsafe class ImagePack : IImageSource, IDisposable
{
    private readonly PackHeader _header;
    private readonly PackIndex _index;
    private readonly Lazy<string[]> _names;

    // Two threads may check the same image at once, with the same result.
    private readonly bool[] _checked;

    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _pixels;
    private bool _isDisposed;

    private ImagePack(string path, PackHeader header, PackIndex index, MemoryMappedViewAccessor view, long dataStart)
    {
        (Path, _header, _index, _view) = (path, header, index, view);
        _names = new(index.SplitNames);
        _checked = new bool[index.Count];
        CountPerClass = Array.AsReadOnly(Count(index.Labels, header.Classes.Count));
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _pixels = start + view.PointerOffset + dataStart;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The names of the classes; a class's index is its label.</summary>
    public IReadOnlyList<string> Classes => _header.Classes;

    /// <summary>The number of images.</summary>
    public int Images => _index.Count;

    /// <summary>The number of images of each class.</summary>
    public IReadOnlyList<int> CountPerClass { get; }

    /// <summary>3 for colour, 1 for grey.</summary>
    public int Channels => _header.Channels;

    /// <summary>The length in pixels to which the shorter side of larger images was reduced; null if no image was resized.</summary>
    public int? ShorterSide => _header.ShorterSide == 0 ? null : _header.ShorterSide;

    /// <summary>The path of the packed folder at the time of packing.</summary>
    public string Source => _header.Source;

    /// <summary>Each image's path below <see cref="Source"/>.</summary>
    public IReadOnlyList<string> Names => _names.Value;

    /// <summary>Returns height and width of an image.</summary>
    /// <param name="index">Its position, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    public ImageSize Size(int index)
    {
        if (index < 0 || index >= Images)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"An image's position has to be from 0 to {Images - 1}.");
        return new ImageSize(_index.Sizes[2 * index], _index.Sizes[(2 * index) + 1]);
    }

    int IImageSource.Count => Images;

    int? IImageSource.Channels => Channels;

    int IImageSource.Label(int index) => (int)_index.Labels[index];

    string IImageSource.Name(int index) => $"{Path}: {_names.Value[index]}";

    IImageReader IImageSource.OpenReader(int channels) => channels == Channels
        ? new Reader(this)
        : throw new ArgumentException($"Images of {this} have {Channels} channel(s), and not {channels}.", nameof(channels));

    /// <summary>Returns the pack's path with the word "pack" before it, for messages.</summary>
    public override string ToString() => $"the pack '{Path}'";

    /// <summary>Decodes a folder's images on all cores and writes them to one file, which appears when it is complete.</summary>
    /// <param name="folder">The images.</param>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops it; the former file stays.</param>
    /// <returns>The reasons why images were left out, in their order.</returns>
    /// <exception cref="ImageDecodingException">An image cannot be read.</exception>
    /// <exception cref="DatasetException">The folder has no images, or no image of a class can be read.</exception>
    /// <exception cref="IOException">The file cannot be written; its message names it and says why.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyList<ImageDecodingException> Write(
        ImageFolder folder,
        string path,
        PackOptions? options = null,
        IProgress<DatasetProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new PackWriter(folder, options ?? new PackOptions(), progress, cancellationToken).Write(path);
    }

    /// <summary>Returns whether a file begins like a pack, damaged or not.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Reading the file is not permitted.</exception>
    public static bool IsPack(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> beginning = stackalloc byte[128];
        int length = file.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false);
        return beginning[..length].IndexOf(Encoding.UTF8.GetBytes($"\"{PackHeader.Format}\"")) >= 0;
    }

    /// <summary>Opens a pack and checks its index.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DatasetException">The file is missing, damaged, incomplete or not a pack.</exception>
    public static ImagePack Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var header = PackHeader.Read(stream, out var dataStart);
            if (dataStart + header.DataBytes != stream.Length)
            {
                throw new InvalidDataException(
                    $"it has {stream.Length:N0} bytes where {dataStart + header.DataBytes:N0} are needed, so it is not whole");
            }
            var index = ReadIndex(stream, header, dataStart);
            // The view stays valid after both are closed.
            using var file = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            return new ImagePack(path, header, index, file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read), dataStart);
        }
        catch (InvalidDataException failure)
        {
            throw new DatasetException($"'{path}' cannot be used: {failure.Message}; make it again.", failure)
            {
                Problem = DatasetProblem.UnusablePack,
            };
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DatasetException($"There is no pack '{path}'.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"The pack '{path}' cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Returns whether a folder's files have the names and lengths of the packed files.</summary>
    /// <param name="folder">The folder.</param>
    public bool IsMadeFrom(ImageFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return folder.Classes.SequenceEqual(Classes) && Fingerprint(folder) == _header.Fingerprint;
    }

    /// <summary>
    /// Closes the file when the threads that read from it have finished. A thread of a running epoch that has not read
    /// anything yet ends the epoch with an <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true)) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }

    /// <summary>Returns the class, the number of bytes and the checksum of an image.</summary>
    internal (string Class, long Length, ulong Checksum) Describe(int index) => (
        Classes[(int)_index.Labels[index]], _index.Offsets[index + 1] - _index.Offsets[index], (ulong)_index.Checksums[index]);

    internal static string Fingerprint(ImageFolder folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var sample in folder.Samples)
            hash.AppendData(Encoding.UTF8.GetBytes($"{sample.PathBelow(folder.Root)}\0{Length(sample.Path)}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // The target of a link.
    private static long Length(string path) =>
        new FileInfo(path) is { Exists: true } file
        && (file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true)) is FileInfo { Exists: true } target
            ? target.Length
            : -1;

    private static PackIndex ReadIndex(FileStream stream, PackHeader header, long dataStart)
    {
        stream.Position = dataStart + header.PixelBytes;
        var index = PackIndex.Read(stream, header.Images, header.NameBytes);
        if (header.DigestWith(index, dataStart) != header.Digest || !index.IsSound(header))
            throw new InvalidDataException("its header or its index is damaged");
        stream.Position = dataStart + index.Offsets[^1];
        for (var left = header.PixelBytes - index.Offsets[^1]; left > 0; left--)
        {
            if (stream.ReadByte() != 0) throw new InvalidDataException("it is damaged behind its pixels");
        }
        return index;
    }

    private static int[] Count(long[] labels, int classes)
    {
        var counts = new int[classes];
        foreach (var label in labels) counts[label]++;
        return counts;
    }

    private ReadOnlySpan<byte> Pixels(int index)
    {
        var pixels = new ReadOnlySpan<byte>(_pixels + _index.Offsets[index], (int)(_index.Offsets[index + 1] - _index.Offsets[index]));
        if (!_checked[index])
        {
            if (PackIndex.Checksum(pixels) != _index.Checksums[index])
                throw new ImageDecodingException(Path, $"the pixels of {_names.Value[index]} in it are damaged; make the pack again");
            _checked[index] = true;
        }
        return pixels;
    }

    private sealed class Reader : IImageReader, IPixelSource
    {
        private readonly ImagePack _pack;
        private bool _holds;
        private int _image;

        public Reader(ImagePack pack)
        {
            ObjectDisposedException.ThrowIf(pack._view.SafeMemoryMappedViewHandle.IsClosed, pack);
            _pack = pack;
            // The mapping stays while a thread reads from it.
            pack._view.SafeMemoryMappedViewHandle.DangerousAddRef(ref _holds);
        }

        public int Width => _pack._index.Sizes[(2 * _image) + 1];

        public int Height => _pack._index.Sizes[2 * _image];

        public int Channels => _pack.Channels;

        public IPixelSource Open(int index)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _pack.Images);
            _image = index;
            return this;
        }

        // Without a reference the memory may be unmapped.
        private ImagePack Pack => _holds ? _pack : throw new ObjectDisposedException(nameof(IImageReader));

        public PixelView Read(Area area) => new(Pack.Pixels(_image), Width * Channels, Channels, new Area(0, 0, Width, Height));

        public void Dispose()
        {
            if (!_holds) return;
            _holds = false;
            _pack._view.SafeMemoryMappedViewHandle.DangerousRelease();
        }
    }
}
