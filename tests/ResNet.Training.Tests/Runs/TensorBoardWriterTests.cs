using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using ResNet.Testing;
using ResNet.Training.Runs;

namespace ResNet.Training.Tests.Runs;

public sealed class TensorBoardWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private sealed record Event(double WallTime, long Step, string? FileVersion, string? Tag, float? Value, int? SessionStatus);

    [Fact]
    public void A_file_starts_with_the_format_s_version_and_where_the_run_starts()
    {
        double before = Seconds();
        using var writer = new TensorBoardWriter(_folder.Path);
        var events = Read(writer.Path);
        events.Should().HaveCount(2);
        events[0].Should().BeEquivalentTo(
            new { Step = 0L, FileVersion = "brain.Event:2", Tag = (string?)null, SessionStatus = (int?)null });
        events[1].Should().BeEquivalentTo(new { Step = 0L, FileVersion = (string?)null, Tag = (string?)null, SessionStatus = 1 });
        events.Should().OnlyContain(e => e.WallTime >= before && e.WallTime <= Seconds());
        Path.GetFileName(writer.Path).Should().MatchRegex($@"^events\.out\.tfevents\.\d{{10}}\..+\.{Environment.ProcessId}\.resnet$");
    }

    // The first twelve bytes of every event file of TensorFlow are the length of the first record, 24, and its masked CRC-32C.
    [Fact]
    public void A_file_starts_with_the_bytes_that_TensorFlow_s_files_start_with()
    {
        using var writer = new TensorBoardWriter(_folder.Path);
        byte[] bytes = File.ReadAllBytes(writer.Path);
        bytes[..12].Should().Equal(0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22);
        // Field 1, 64 bits: the time, then field 3, 13 bytes.
        bytes[12].Should().Be(0x09);
        bytes[21..36].Should().Equal([0x1a, 0x0d, .. "brain.Event:2"u8]);
    }

    [Fact]
    public void Points_come_back_with_tag_value_and_step()
    {
        using var writer = new TensorBoardWriter(_folder.Path);
        writer.Scalar("train/loss", 2.25, 1);
        writer.Scalar("train/größe", 1 / 3.0, 300);
        writer.Scalar("eval/top1", double.NaN, 1L << 40);
        writer.Flush();
        Read(writer.Path).Skip(2).Select(e => (e.Tag, e.Value, e.Step)).Should().Equal(
            ("train/loss", 2.25f, 1), ("train/größe", 1 / 3f, 300), ("eval/top1", float.NaN, 1L << 40));
    }

    // By hand: summary 5 { value 1 { tag 1 "loss", simple_value 2 (1.5 is 0x3fc00000) } } after the time and step 2 = 130.
    [Fact]
    public void A_point_has_these_bytes()
    {
        using var writer = new TensorBoardWriter(_folder.Path);
        long start = new FileInfo(writer.Path).Length;
        writer.Scalar("loss", 1.5, 130);
        byte[] record = File.ReadAllBytes(writer.Path)[(int)start..];
        record[..8].Should().Equal(27, 0, 0, 0, 0, 0, 0, 0);
        record[21..39].Should().Equal([0x10, 0x82, 0x01, 0x2a, 0x0d, 0x0a, 0x0b, 0x0a, 0x04, .. "loss"u8, 0x15, 0, 0, 0xc0, 0x3f]);
    }

    [Fact]
    public void A_value_outlives_a_process_that_ends_without_closing_the_file()
    {
        using var writer = new TensorBoardWriter(_folder.Path);
        writer.Scalar("loss", 1, 1);
        Read(writer.Path).Should().HaveCount(3);
    }

    [Fact]
    public void A_resumed_run_s_file_is_read_after_the_former_one_and_says_where_it_goes_on()
    {
        var paths = new List<string>();
        foreach (long first in new[] { 0, 41, 81 })
        {
            using var writer = new TensorBoardWriter(_folder.Path, first);
            writer.Scalar("loss", first, first);
            paths.Add(writer.Path);
        }
        paths.Should().OnlyHaveUniqueItems().And.BeInAscendingOrder(StringComparer.Ordinal);
        paths.Select(path => Read(path)[1]).Select(e => (e.SessionStatus, e.Step)).Should().Equal((1, 0), (1, 41), (1, 81));
    }

    [Fact]
    public void The_folder_is_made_where_it_is_not_there()
    {
        using var writer = new TensorBoardWriter(Path.Combine(_folder.Path, "a", "b"));
        File.Exists(writer.Path).Should().BeTrue();
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        string file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        var open = () => new TensorBoardWriter(Path.Combine(file, "runs"));
        open.Should().Throw<IOException>()
            .WithMessage($"The TensorBoard events in '{file}{Path.DirectorySeparatorChar}runs' cannot be written: *.");
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        using var writer = new TensorBoardWriter(_folder.Path);
        var noTag = () => writer.Scalar("", 1, 1);
        var negative = () => writer.Scalar("loss", 1, -1);
        var negativeStart = () => new TensorBoardWriter(_folder.Path, -1);
        noTag.Should().Throw<ArgumentException>();
        negative.Should().Throw<ArgumentOutOfRangeException>();
        negativeStart.Should().Throw<ArgumentOutOfRangeException>();
    }

    private static double Seconds() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    private static List<Event> Read(string path)
    {
        var events = new List<Event>();
        ReadOnlySpan<byte> bytes = ReadShared(path);
        while (bytes.Length > 0)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]).Should().Be(MaskedChecksum(bytes[..8]));
            var data = bytes.Slice(12, length);
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]).Should().Be(MaskedChecksum(data));
            events.Add(Parse(data.ToArray()));
            bytes = bytes[(length + 16)..];
        }
        return events;
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Event Parse(byte[] data)
    {
        var result = new Event(0, 0, null, null, null, null);
        var input = new CodedInputStream(data);
        while (!input.IsAtEnd)
        {
            result = input.ReadTag() switch
            {
                (1 << 3) | 1 => result with { WallTime = input.ReadDouble() },
                (2 << 3) | 0 => result with { Step = input.ReadInt64() },
                (3 << 3) | 2 => result with { FileVersion = input.ReadString() },
                (5 << 3) | 2 => Value(result, new CodedInputStream(input.ReadBytes().ToByteArray())),
                (7 << 3) | 2 => Session(result, new CodedInputStream(input.ReadBytes().ToByteArray())),
                var tag => throw new InvalidDataException($"There is no field {tag}."),
            };
        }
        return result;
    }

    private static Event Value(Event result, CodedInputStream summary)
    {
        summary.ReadTag().Should().Be((1 << 3) | 2);
        var value = new CodedInputStream(summary.ReadBytes().ToByteArray());
        summary.IsAtEnd.Should().BeTrue();
        value.ReadTag().Should().Be((1 << 3) | 2);
        result = result with { Tag = value.ReadString() };
        value.ReadTag().Should().Be((2 << 3) | 5);
        result = result with { Value = value.ReadFloat() };
        value.IsAtEnd.Should().BeTrue();
        return result;
    }

    private static Event Session(Event result, CodedInputStream log)
    {
        log.ReadTag().Should().Be((1 << 3) | 0);
        result = result with { SessionStatus = log.ReadEnum() };
        log.IsAtEnd.Should().BeTrue();
        return result;
    }

    // The check value of CRC-32C in the catalogue of CRCs is that of "123456789".
    [Fact]
    public void The_reader_of_these_tests_knows_the_checksum() => Checksum(Encoding.ASCII.GetBytes("123456789")).Should().Be(0xe3069283);

    private static uint MaskedChecksum(ReadOnlySpan<byte> data) => uint.RotateRight(Checksum(data), 15) + 0xa282ead8;

    // Computes it bit by bit, with the reflected polynomial.
    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0x82f63b78);
        }
        return ~crc;
    }
}
