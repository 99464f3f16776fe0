using System.Formats.Tar;
using System.IO.Compression;

namespace ResNet.Training.Data.Known;

/// <summary>
/// Unpacks a tar archive that is compressed with gzip. The archive is not trusted: only files and folders are unpacked, none outside
/// the target folder, and no more than a limit.
/// </summary>
/// <param name="archive">The archive.</param>
/// <param name="folder">The target folder, which exists and is empty.</param>
internal sealed class TarArchive(string archive, string folder)
{
    private readonly HashSet<string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly byte[] _buffer = new byte[1 << 17];
    private int _entries;
    private long _bytes;

    /// <summary>The maximum number of entries. Default: 100,000; the largest known data set has 13,500.</summary>
    internal int MaxEntries { get; init; } = 100_000;

    /// <summary>The maximum size of all files together, in bytes. Default: 4 GiB; the largest known data set has 1.5.</summary>
    internal long MaxBytes { get; init; } = 4L << 30;

    /// <summary>Unpacks everything.</summary>
    /// <param name="progress">Receives the number of bytes read from the archive.</param>
    /// <param name="cancellationToken">Stops it; the files unpacked so far stay.</param>
    /// <exception cref="DatasetException">The archive is damaged, or an entry is refused; the message names both.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    internal void Unpack(IProgress<DatasetProgress>? progress, CancellationToken cancellationToken)
    {
        using var file = new FileStream(archive, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, FileOptions.SequentialScan);
        using var plain = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new TarReader(plain);
        var steps = new Steps(progress, $"Unpacking {Path.GetFileName(archive)}", file.Length);
        while (Reading(() => reader.GetNextEntry()) is { } entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Unpack(entry, cancellationToken);
            steps.Report(file.Position);
        }
        ReadRest(plain, cancellationToken);
        steps.Report(file.Length);
    }

    // The compressed data has its checksum at the end, after the padding of the archive.
    private void ReadRest(GZipStream plain, CancellationToken cancellationToken)
    {
        int read;
        while ((read = Reading(() => plain.Read(_buffer))) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _bytes += read;
            if (_bytes > MaxBytes)
                throw new DatasetException($"The archive '{archive}' is not unpacked: it has more than {MaxBytes:N0} bytes.");
        }
    }

    private void Unpack(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.EntryType == TarEntryType.GlobalExtendedAttributes) return;
        var isFolder = entry.EntryType == TarEntryType.Directory;
        if (!isFolder && entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
            throw Refused(entry, $"is no file or folder but of the kind {entry.EntryType}");
        if (++_entries > MaxEntries)
            throw Refused(entry, $"is one more than the {MaxEntries:N0} entries that are unpacked at most");
        var name = RelativePath(entry);
        if (isFolder)
        {
            Directory.CreateDirectory(Path.Join(folder, name));
            return;
        }
        if (entry.Length > MaxBytes - _bytes)
            throw Refused(entry, $"makes more than the {MaxBytes:N0} bytes that are unpacked at most");
        _bytes += entry.Length;
        if (!_files.Add(name) || Directory.Exists(Path.Join(folder, name)))
            throw Refused(entry, "is there twice");
        Write(entry, Path.Join(folder, name), cancellationToken);
    }

    private void Write(TarEntry entry, string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        if (entry.DataStream is not { } data) return;
        int read;
        while ((read = Reading(() => data.Read(_buffer))) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            file.Write(_buffer, 0, read);
        }
    }

    // A path that leads outside the folder on any system is refused on all systems.
    private string RelativePath(TarEntry entry)
    {
        var name = entry.Name;
        if (name.Contains('\\') || name.Contains(':') || name.Any(char.IsControl))
            throw Refused(entry, "has a backslash, a colon or a control character in its name, which leads elsewhere on some systems");
        var parts = name.Split('/');
        if (name.StartsWith('/') || parts.Contains(".."))
            throw Refused(entry, "lies outside of the folder that it is unpacked into");
        var path = string.Join('/', parts.Where(part => part is not ("" or ".")));
        if (path.Length == 0 && entry.EntryType != TarEntryType.Directory) throw Refused(entry, "has no name");
        for (var slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (_files.Contains(path[..slash])) throw Refused(entry, "lies below a file");
        }
        if (entry.EntryType == TarEntryType.Directory && _files.Contains(path)) throw Refused(entry, "is there twice");
        // Names with a special meaning on some system, such as Windows' devices.
        if (!Closed(Path.Join(folder, path)).StartsWith(Closed(folder), StringComparison.Ordinal))
            throw Refused(entry, "lies outside of the folder that it is unpacked into");
        return path;
    }

    // The path ends with a separator, so no other folder's name begins with it.
    private static string Closed(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Path.DirectorySeparatorChar;

    /// <summary>Distinguishes damage of the archive from failures of the target disk.</summary>
    private T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception damage) when (
            damage is InvalidDataException or EndOfStreamException or FormatException or OverflowException or ArgumentException
                or InvalidOperationException or NotSupportedException)
        {
            throw new DatasetException($"The archive '{archive}' is damaged: {damage.Message.TrimEnd('.')}.", damage);
        }
    }

    private DatasetException Refused(TarEntry entry, string reason) =>
        new($"The archive '{archive}' is not unpacked: its entry '{Printable(entry.Name)}' {reason}.");

    private static string Printable(string name) => string.Concat(name.Select(letter => char.IsControl(letter) ? '�' : letter));

    private sealed class Steps(IProgress<DatasetProgress>? progress, string step, long total)
    {
        private long _reported = -1;

        public void Report(long done)
        {
            // A hundred reports are enough for a progress bar.
            if (done != total && done - _reported < total / 100) return;
            _reported = done;
            progress?.Report(new DatasetProgress(step, done, total));
        }
    }
}
