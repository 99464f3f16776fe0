using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using ResNet.Training.Data.Packs;
using Tensorboard;

namespace ResNet.Training.Runs;

/// <summary>
/// Writes numbers that TensorBoard draws over the steps, to an event file in a folder: TFRecords
/// (https://www.tensorflow.org/tutorials/load_data/tfrecord) of <see cref="Event"/> messages, which TorchSharp defines.
/// Not safe for use by several threads at once.
/// </summary>
/// <remarks>
/// TorchSharp's own <c>SummaryWriter</c> writes the same messages, but not the first step of a resumed run, and no steps beyond 32
/// bits. Each value reaches the system before the call returns, so it survives a killed process. A resumed run makes
/// another file in the same folder with its first step; TensorBoard then ignores the events of former files from that step on.
/// </remarks>
public sealed class TensorBoardWriter : IDisposable
{
    private const string FileVersion = "brain.Event:2";
    private const string FilePrefix = "events.out.tfevents.";

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly FileStream _file;

    /// <summary>Makes a new event file.</summary>
    /// <param name="folder">The folder, which is created if it does not exist.</param>
    /// <param name="firstStep">
    /// The first step to write: 0 in a new run, one more than the checkpoint's step in a resumed run. Events of this step and later
    /// steps in other files of the folder are no longer valid.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="firstStep"/> is negative.</exception>
    /// <exception cref="IOException">
    /// The file cannot be made or written; the message is one sentence that names it and says why.
    /// </exception>
    public TensorBoardWriter(string folder, long firstStep = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        _file = Create(folder);
        try
        {
            Write(new Event { FileVersion = FileVersion });
            Write(new Event { Step = firstStep, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The event file.</summary>
    public string Path => _file.Name;

    /// <summary>Writes a point of a curve.</summary>
    /// <param name="tag">The curve's name, such as <c>train/loss</c>; TensorBoard groups by the part before the slash.</param>
    /// <param name="value">Its value, stored in single precision; may be NaN or infinite.</param>
    /// <param name="step">Its step, at least 0.</param>
    /// <exception cref="ArgumentException"><paramref name="tag"/> is empty or <paramref name="step"/> negative.</exception>
    /// <exception cref="IOException">The file cannot be written; the message is one sentence that names it and says why.</exception>
    public void Scalar(string tag, double value, long step)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var point = new Summary.Types.Value { Tag = tag, SimpleValue = (float)value };
        Write(new Event { Step = step, Summary = new Summary { Value = { point } } });
    }

    /// <summary>Flushes to disk, so that the events survive a crash of the machine.</summary>
    /// <exception cref="IOException">The file cannot be written; the message is one sentence that names it and says why.</exception>
    public void Flush() => Writing(_file.Name, () => _file.Flush(flushToDisk: true));

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static FileStream Create(string folder) => Writing(folder, () =>
    {
        Directory.CreateDirectory(folder);
        // TensorBoard reads the files in the order of their names, and each to its end before the next.
        for (var time = Later(DateTimeOffset.UtcNow, folder); ; time += s_second)
        {
            string name = $"{FilePrefix}{time.ToUnixTimeSeconds():D10}.{Environment.MachineName}.{Environment.ProcessId}.resnet";
            string path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, name));
            // Without our own buffer each record reaches the system at once and completely.
            if (!File.Exists(path)) return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
    });

    // The time, or one second after the newest existing file.
    private static DateTimeOffset Later(DateTimeOffset now, string folder)
    {
        long last = Directory.EnumerateFiles(folder, FilePrefix + "*")
            .Select(path => System.IO.Path.GetFileName(path)[FilePrefix.Length..].Split('.')[0])
            .Select(time => long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) ? seconds : 0)
            .DefaultIfEmpty()
            .Max();
        return last < now.ToUnixTimeSeconds() ? now : DateTimeOffset.FromUnixTimeSeconds(last) + s_second;
    }

    private void Write(Event message)
    {
        message.WallTime = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        byte[] record = Record(message.ToByteArray());
        Writing(_file.Name, () => _file.Write(record));
    }

    // uint64 length, its checksum, the data, their checksum; little-endian.
    private static byte[] Record(ReadOnlySpan<byte> data)
    {
        const int lengthBytes = sizeof(ulong), headerBytes = lengthBytes + sizeof(uint);
        byte[] record = new byte[headerBytes + data.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(lengthBytes), MaskedChecksum(record.AsSpan(0, lengthBytes)));
        data.CopyTo(record.AsSpan(headerBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(headerBytes + data.Length), MaskedChecksum(data));
        return record;
    }

    // Rotated and shifted by a constant, because the checksum of data that holds its own checksum says little.
    private static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint checksum = PackIndex.Checksum(data);
        return ((checksum >> 15) | (checksum << 17)) + 0xa282ead8;
    }

    private static void Writing(string path, Action write) => Writing(path, () =>
    {
        write();
        return true;
    });

    private static T Writing<T>(string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is UnauthorizedAccessException ? "access is denied" : e.Message.Split(" : ")[0].TrimEnd('.');
            throw new IOException($"The TensorBoard events in '{path}' cannot be written: {reason}.", e);
        }
    }
}
