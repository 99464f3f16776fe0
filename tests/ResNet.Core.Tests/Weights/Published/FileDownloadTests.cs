using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using ResNet.Core.Weights.Published;
using ResNet.Testing;
using Reply = ResNet.Testing.UnreliableServer.Reply;

namespace ResNet.Core.Tests.Weights.Published;

public sealed class FileDownloadTests : IDisposable
{
    private const int Length = 300_000;
    private const int Cut = 120_000;

    // A request for the whole file.
    private static long? All => null;

    private static readonly string s_zeros = new('0', 128);

    private static readonly Reply s_cutReply = new() { CutAfter = Cut };

    private readonly TemporaryFolder _root = new();
    private readonly HttpClient _client = new();
    private readonly ConcurrentQueue<TimeSpan> _pauses = [];
    private readonly byte[] _content = Bytes(seed: 1);

    private string Folder => Path.Join(_root.Path, "hub", "checkpoints");

    private string FilePath => Path.Join(Folder, "weights.pth");

    private string PartialPath => FilePath + ".partial";

    public void Dispose()
    {
        _client.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task A_file_arrives_whole_under_its_name_and_nothing_beside_it()
    {
        using var server = new UnreliableServer(_content);
        var reports = new Reports();
        (await DownloadAsync(server.Address, progress: reports)).Should().Be(FilePath);
        ShouldBeInPlace();
        server.Requests.Should().Equal(All);
        _pauses.Should().BeEmpty();
        reports.Should().OnlyContain(report => report.FileName == "weights.pth" && report.Total == Length);
        reports.Select(report => report.Done).Should().BeInAscendingOrder().And.EndWith(Length);
    }

    [Fact]
    public async Task A_file_in_the_cache_is_used_without_a_request()
    {
        using var server = new UnreliableServer(_content);
        Directory.CreateDirectory(Folder);
        File.WriteAllBytes(FilePath, _content);
        (await DownloadAsync(server.Address)).Should().Be(FilePath);
        server.Requests.Should().BeEmpty();
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_damaged_file_in_the_cache_is_refused_and_stays()
    {
        using var server = new UnreliableServer(_content);
        Directory.CreateDirectory(Folder);
        byte[] damaged = [.. _content[..^1], (byte)~_content[^1]];
        File.WriteAllBytes(FilePath, damaged);
        var download = () => DownloadAsync(server.Address);
        (await download.Should().ThrowAsync<FileDownloadException>()).WithMessage(
            $"'{FilePath}' is not the published file: its SHA-256 is {Hash(damaged)}, but should begin with {Hash(_content)[..8]}; "
            + "delete it, and it will be downloaded again.");
        server.Requests.Should().BeEmpty();
        File.ReadAllBytes(FilePath).Should().Equal(damaged);
    }

    [Fact]
    public async Task Other_hashes_than_SHA_256_are_checked_too_and_a_whole_one_is_named_as_such()
    {
        using var server = new UnreliableServer(_content);
        string sha512 = Convert.ToHexStringLower(SHA512.HashData(_content));
        (await new FileDownload(server.Address, FilePath, HashAlgorithmName.SHA512, sha512.ToUpperInvariant()).RunAsync())
            .Should().Be(FilePath);
        ShouldBeInPlace();

        var other = new FileDownload(server.Address, FilePath, HashAlgorithmName.SHA512, s_zeros);
        var failure = (await other.Invoking(it => it.RunAsync()).Should().ThrowAsync<FileDownloadException>()).Which;
        failure.Message.Should().Be(
            $"'{FilePath}' is not the published file: its SHA512 is {sha512}, but should be {s_zeros}; "
            + "delete it, and it will be downloaded again.");
        failure.HashFound.Should().Be(sha512);
    }

    [Fact]
    public async Task Further_advice_is_given_where_a_download_fails()
    {
        using var server = new UnreliableServer(_content, new Reply { Status = HttpStatusCode.NotFound });
        var download = new FileDownload(server.Address, FilePath, HashAlgorithmName.SHA256, Hash(_content))
        {
            Advice = "install the package that has it",
        };
        (await download.Invoking(it => it.RunAsync()).Should().ThrowAsync<FileDownloadException>()).Which.Message.Should()
            .EndWith($"; download it elsewhere and put it at '{FilePath}', or install the package that has it.");
    }

    [Theory]
    [InlineData("ftp://server/file", "00112233", "The address is 'ftp://server/file', but has to begin with http:// or https://.")]
    [InlineData("file", "00112233", "The address is 'file', but has to begin with http:// or https://.")]
    [InlineData("https://server/file", "0011223", "The hash is '0011223', but has to be at least 8 hexadecimal digits.")]
    [InlineData("https://server/file", "0011223g", "The hash is '0011223g', but has to be at least 8 hexadecimal digits.")]
    [InlineData(
        "https://server/file",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
        "The hash is '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0', "
        + "but SHA256 has no more than 64 hexadecimal digits.")]
    public void What_is_no_address_or_no_hash_is_refused(string address, string digits, string message)
    {
        var make = () => new FileDownload(new Uri(address, UriKind.RelativeOrAbsolute), FilePath, HashAlgorithmName.SHA256, digits);
        make.Should().Throw<ArgumentException>().WithMessage($"{message}*");
    }

    [Fact]
    public async Task A_cut_connection_is_taken_up_where_it_broke_after_a_pause()
    {
        using var server = new UnreliableServer(
            _content, new Reply { CutAfter = 0 }, s_cutReply, new Reply { CutAfter = 50_000 }, new Reply { CutAfter = 1 }, new Reply());
        var reports = new Reports();
        await DownloadAsync(server.Address, progress: reports);
        ShouldBeInPlace();
        server.Requests.Should().Equal(All, All, Cut, 170_000, 170_001);
        server.Sent.Should().Be(Length);
        _pauses.Should().Equal(Seconds(1, 1, 1, 1));
        reports.Should().OnlyContain(report => report.Total == Length);
        reports.Select(report => report.Done).Should().BeInAscendingOrder();
    }

    [Fact]
    public async Task A_server_that_cuts_again_and_again_is_no_reason_to_give_up_while_there_is_more_each_time()
    {
        using var server = new UnreliableServer(_content, new Reply { CutAfter = 40_000 });
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All, 40_000, 80_000, 120_000, 160_000, 200_000, 240_000, 280_000);
        _pauses.Should().OnlyContain(pause => pause == TimeSpan.FromSeconds(1));
        ShouldBeInPlace();
    }

    [Fact]
    public async Task After_five_failures_in_a_row_it_gives_up_and_the_next_call_goes_on_from_there()
    {
        using (var server = new UnreliableServer(_content, new Reply { CutAfter = 5_000 }, new Reply { CutAfter = 0 }))
        {
            (await FailureAsync(server.Address)).Message.Should().Be(
                $"{server.Address} cannot be downloaded: the connection was cut; "
                + $"download it elsewhere and put it at '{FilePath}', "
                + "or set RESNET_WEIGHTS_MIRROR to the address of a mirror that has it.");
            server.Requests.Should().Equal(All, 5_000, 5_000, 5_000, 5_000);
        }
        File.ReadAllBytes(PartialPath).Should().Equal(_content[..5_000]);

        using var mended = new UnreliableServer(_content);
        await DownloadAsync(mended.Address);
        mended.Requests.Should().Equal(5_000);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_sends_it_from_the_beginning()
    {
        using var server = new UnreliableServer(_content, s_cutReply, new Reply { IgnoresRanges = true });
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All, Cut);
        server.Sent.Should().Be(Cut + Length);
        ShouldBeInPlace();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Another_part_than_asked_for_is_not_appended(int shift)
    {
        using var server = new UnreliableServer(_content, s_cutReply, new Reply { Shift = shift }, new Reply());
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All, Cut, All);
        _pauses.Should().Equal(Seconds(1, 2));
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_part_that_does_not_say_where_it_begins_is_not_appended()
    {
        using var server = new UnreliableServer(_content, s_cutReply, new Reply { Status = HttpStatusCode.PartialContent }, new Reply());
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All, Cut, All);
        _pauses.Should().Equal(Seconds(1, 2));
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_complete_partial_file_only_needs_its_name()
    {
        using var server = new UnreliableServer(_content);
        LeavePartial(_content);
        await DownloadAsync(server.Address);
        server.Requests.Should().BeEmpty();
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_partial_file_that_is_too_long_is_started_over()
    {
        using var server = new UnreliableServer(_content);
        LeavePartial([.. _content, 1]);
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(Length + 1, All);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_damaged_partial_file_is_started_over()
    {
        using var server = new UnreliableServer(_content);
        LeavePartial(Bytes(seed: 2)[..Cut]);
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(Cut, All);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task Wrong_bytes_are_downloaded_once_more()
    {
        using var server = new UnreliableServer(_content, new Reply { Content = Bytes(seed: 2) }, new Reply());
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All, All);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_server_that_keeps_sending_wrong_bytes_is_refused_with_both_hashes_and_nothing_of_them_stays()
    {
        byte[] wrong = Bytes(seed: 2);
        using var server = new UnreliableServer(wrong);
        (await FailureAsync(server.Address)).Message.Should().Be(
            $"{server.Address} cannot be downloaded: the SHA-256 of what arrives is {Hash(wrong)}, "
            + $"but should begin with {Hash(_content)[..8]}; "
            + $"download it elsewhere and put it at '{FilePath}', or set RESNET_WEIGHTS_MIRROR to the address of a mirror that has it.");
        server.Requests.Should().Equal(All, All);
        PartialLength().Should().Be(0);
    }

    [Fact]
    public async Task A_length_that_is_announced_too_long_does_no_harm()
    {
        using var server = new UnreliableServer(_content, new Reply { Excess = 10 });
        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_length_that_is_announced_too_short_never_gives_a_short_file()
    {
        using (var server = new UnreliableServer(_content, new Reply { Excess = -10 }))
        {
            (await FailureAsync(server.Address)).Message.Should().Contain(Hash(_content[..^10])).And.Contain(FilePath);
            server.Requests.Should().Equal(All, All);
        }
        PartialLength().Should().Be(0);
        using var mended = new UnreliableServer(_content, new Reply { Excess = -10 }, new Reply());
        await DownloadAsync(mended.Address);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task Without_an_announced_length_a_file_arrives_and_a_cut_one_does_not()
    {
        var reports = new Reports();
        using var server = new UnreliableServer(_content, new Reply { Excess = null, CutAfter = Cut }, new Reply { Excess = null });
        await DownloadAsync(server.Address, progress: reports);
        server.Requests.Should().Equal(All, All);
        reports.Should().OnlyContain(report => report.Total == 0);
        ShouldBeInPlace();
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.RequestedRangeNotSatisfiable)]
    [InlineData(HttpStatusCode.NotModified)]
    public async Task A_refusal_ends_it_at_once(HttpStatusCode status)
    {
        using var server = new UnreliableServer(_content, new Reply { Status = status });
        (await FailureAsync(server.Address)).Message.Should()
            .StartWith($"{server.Address} cannot be downloaded: the server answers {(int)status} {status}; ").And.Contain($"'{FilePath}'");
        server.Requests.Should().ContainSingle();
        _pauses.Should().BeEmpty();
    }

    [Fact]
    public async Task A_refusal_keeps_what_is_there()
    {
        using var server = new UnreliableServer(_content, s_cutReply, new Reply { Status = HttpStatusCode.NotFound });
        await FailureAsync(server.Address);
        File.ReadAllBytes(PartialPath).Should().Equal(_content[..Cut]);
    }

    [Theory]
    [InlineData(HttpStatusCode.RequestTimeout)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task A_busy_server_is_asked_again(HttpStatusCode status)
    {
        using var server = new UnreliableServer(_content, new Reply { Status = status }, new Reply { Status = status }, new Reply());
        await DownloadAsync(server.Address);
        _pauses.Should().Equal(Seconds(1, 2));
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_given_up_after_five_attempts()
    {
        using var server = new UnreliableServer(_content, new Reply { Status = HttpStatusCode.ServiceUnavailable });
        (await FailureAsync(server.Address)).Message.Should().Contain("the server answers 503 ServiceUnavailable; ");
        server.Requests.Should().HaveCount(5);
        _pauses.Should().Equal(Seconds(1, 2, 4, 8));
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0", 1)]
    [InlineData("3600", 60)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 1)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 60)]
    [InlineData("soon", 1)]
    public async Task Retry_after_is_honoured_up_to_a_minute(string value, int seconds)
    {
        using var server = new UnreliableServer(
            _content, new Reply { Status = HttpStatusCode.ServiceUnavailable, Header = $"Retry-After: {value}" }, new Reply());
        await DownloadAsync(server.Address);
        _pauses.Should().Equal(Seconds(seconds));
        ShouldBeInPlace();
    }

    [Fact]
    public async Task Without_a_network_it_is_said_at_once_which_file_belongs_where()
    {
        using var offline = new HttpClient(new Offline());
        var download = new FileDownload(
            new Uri("https://weights.invalid/weights.pth"), FilePath, HashAlgorithmName.SHA256, Hash(_content)[..8])
        {
            Client = offline,
            Clock = new PauseClock(_ => throw new InvalidOperationException("There is nothing to wait for.")),
        };
        (await download.Invoking(it => it.RunAsync(null, CancellationToken.None)).Should().ThrowAsync<FileDownloadException>())
            .Which.Message.Should().StartWith(
                "https://weights.invalid/weights.pth cannot be downloaded: unknown name; "
                + $"download it elsewhere and put it at '{FilePath}'");
    }

    [Fact]
    public async Task A_server_that_is_off_is_named_with_what_to_do()
    {
        Uri address;
        using (var server = new UnreliableServer(_content)) address = server.Address;
        (await FailureAsync(address)).Message.Should().StartWith($"{address} cannot be downloaded: ")
            .And.EndWith(
                $"; download it elsewhere and put it at '{FilePath}', "
                + "or set RESNET_WEIGHTS_MIRROR to the address of a mirror that has it.");
        _pauses.Should().Equal(Seconds(1, 2, 4, 8));
    }

    [Theory]
    [InlineData(Cut)]
    [InlineData(int.MaxValue)]
    public async Task A_silent_server_is_asked_again(int silentAfter)
    {
        var never = new TaskCompletionSource();
        using var server = new UnreliableServer(_content, new Reply { CutAfter = silentAfter, Waits = never.Task }, new Reply());
        // On a busy machine, further replies may be too late, so there may be more than two requests.
        await DownloadAsync(server.Address, longestSilence: TimeSpan.FromSeconds(1));
        server.Requests.Should().HaveCountGreaterThan(1);
        _pauses.Should().HaveCountGreaterThan(0);
        ShouldBeInPlace();
        never.SetResult();
    }

    [Fact]
    public async Task A_server_that_stays_silent_is_named()
    {
        var never = new TaskCompletionSource();
        using var server = new UnreliableServer(_content, new Reply { Waits = never.Task });
        var failure = await FailureAsync(server.Address, longestSilence: TimeSpan.FromSeconds(0.1));
        failure.Message.Should().Contain("the server was silent for 0.1 seconds");
        never.SetResult();
    }

    [Fact]
    public async Task Cancelling_keeps_what_is_there_for_the_next_call()
    {
        var never = new TaskCompletionSource();
        using var cancellation = new CancellationTokenSource();
        using var server = new UnreliableServer(_content, new Reply { CutAfter = Cut, Waits = never.Task }, new Reply());
        var stop = new Reports(report =>
        {
            if (report.Done == Cut) cancellation.Cancel();
        });
        var download = () => DownloadAsync(server.Address, progress: stop, cancellationToken: cancellation.Token);
        await download.Should().ThrowAsync<OperationCanceledException>();
        File.Exists(FilePath).Should().BeFalse();
        File.ReadAllBytes(PartialPath).Should().Equal(_content[..Cut]);
        never.SetResult();

        await DownloadAsync(server.Address);
        server.Requests.Should().Equal(All, Cut);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task Cancelling_ends_a_pause()
    {
        using var cancellation = new CancellationTokenSource();
        using var server = new UnreliableServer(_content, new Reply { Status = HttpStatusCode.ServiceUnavailable });
        var download = () => Download(server.Address, clock: new PauseClock(pause =>
        {
            cancellation.Cancel();
            return pause;
        })).RunAsync(null, cancellation.Token);
        await download.Should().ThrowAsync<OperationCanceledException>();
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task Who_comes_while_another_downloads_waits_for_that_file()
    {
        var asked = new TaskCompletionSource();
        var waiting = new TaskCompletionSource();
        using var server = new UnreliableServer(_content, new Reply { CutAfter = Cut, Waits = waiting.Task }, new Reply());
        var first = DownloadAsync(server.Address, progress: new Reports(_ => asked.TrySetResult()));
        await asked.Task;
        var second = Download(server.Address, clock: new PauseClock(pause =>
        {
            pause.Should().Be(TimeSpan.FromSeconds(0.2));
            waiting.TrySetResult();
            return TimeSpan.FromMilliseconds(1);
        })).RunAsync();
        (await Task.WhenAll(first, second)).Should().Equal(FilePath, FilePath);
        server.Requests.Should().Equal(All, Cut);
        server.Sent.Should().Be(Length);
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_file_that_another_still_holds_under_its_name_is_waited_for()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllBytes(FilePath, _content);
        LeavePartial(_content[..Cut]);
        using var server = new UnreliableServer(_content);
        using var held = new FileStream(FilePath, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        await Download(server.Address, clock: new PauseClock(_ =>
        {
            held.Dispose();
            return TimeSpan.Zero;
        })).RunAsync();
        server.Requests.Should().BeEmpty();
        ShouldBeInPlace();
    }

    [Fact]
    public async Task A_file_that_another_program_keeps_to_itself_is_named()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllBytes(FilePath, _content);
        using var held = new FileStream(FilePath, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        using var server = new UnreliableServer(_content);
        var download = () => DownloadAsync(server.Address);
        (await download.Should().ThrowAsync<FileDownloadException>()).Which.Message
            .Should().StartWith($"'{FilePath}' is held by another program");
        server.Requests.Should().BeEmpty();
        _pauses.Should().HaveCountGreaterThan(200);
    }

    [Fact]
    public async Task Waiting_for_another_can_be_cancelled()
    {
        LeavePartial(_content[..Cut]);
        using var server = new UnreliableServer(_content);
        using var held = new FileStream(PartialPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        using var cancellation = new CancellationTokenSource();
        var download = () => Download(server.Address, clock: new PauseClock(pause =>
        {
            cancellation.Cancel();
            return pause;
        })).RunAsync(null, cancellation.Token);
        await download.Should().ThrowAsync<OperationCanceledException>();
        server.Requests.Should().BeEmpty();
        held.Length.Should().Be(Cut);
    }

    [Fact]
    public async Task Many_at_the_same_time_give_one_file_and_one_transfer()
    {
        for (int round = 0; round < 20; round++)
        {
            using var server = new UnreliableServer(_content);
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
                () => Download(server.Address, clock: new PauseClock(_ => TimeSpan.FromMilliseconds(1))).RunAsync())));
            server.Requests.Should().Equal(All);
            ShouldBeInPlace();
            File.Delete(FilePath);
        }
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(Path.Join(_root.Path, "hub"), "a file");
        using var server = new UnreliableServer(_content);
        (await FailureAsync(server.Address)).Message.Should()
            .StartWith($"weights.pth cannot be kept in the folder '{Folder}': ")
            .And.EndWith("; mend that, or name another folder with TORCH_HOME.");
        server.Requests.Should().BeEmpty();
    }

    [FullDiskFact]
    public async Task A_full_disk_is_no_reason_to_ask_again_and_its_folder_is_named()
    {
        Directory.CreateDirectory(Folder);
        File.CreateSymbolicLink(PartialPath, FullDiskFactAttribute.Device);
        // The device cannot be truncated, so the server sends the file as a part from byte 0.
        using var server = new UnreliableServer(
            _content,
            new Reply
            {
                Status = HttpStatusCode.PartialContent,
                Header = $"Content-Range: bytes 0-{Length - 1}/{Length}",
                Content = _content,
            });
        (await FailureAsync(server.Address)).Message.Should()
            .StartWith($"weights.pth cannot be kept in the folder '{Folder}': No space left on device")
            .And.EndWith("; mend that, or name another folder with TORCH_HOME.");
        server.Requests.Should().ContainSingle();
    }

    private Task<string> DownloadAsync(
        Uri address,
        IProgress<DownloadProgress>? progress = null,
        TimeSpan? longestSilence = null,
        CancellationToken cancellationToken = default) =>
        Download(address, longestSilence).RunAsync(progress, cancellationToken);

    private FileDownload Download(Uri address, TimeSpan? longestSilence = null, PauseClock? clock = null) =>
        new(address, FilePath, HashAlgorithmName.SHA256, Hash(_content)[..8])
        {
            Client = _client,
            MirrorVariable = "RESNET_WEIGHTS_MIRROR",
            FolderVariable = "TORCH_HOME",
            Clock = clock ?? new PauseClock(pause =>
            {
                _pauses.Enqueue(pause);
                return TimeSpan.Zero;
            }),
            LongestSilence = longestSilence ?? TimeSpan.FromSeconds(60),
        };

    private async Task<FileDownloadException> FailureAsync(Uri address, TimeSpan? longestSilence = null)
    {
        var download = () => DownloadAsync(address, longestSilence: longestSilence);
        var failure = (await download.Should().ThrowAsync<FileDownloadException>()).Which;
        File.Exists(FilePath).Should().BeFalse();
        return failure;
    }

    private void ShouldBeInPlace()
    {
        Directory.GetFileSystemEntries(Folder).Should().Equal(FilePath);
        File.ReadAllBytes(FilePath).Should().Equal(_content);
    }

    private void LeavePartial(byte[] content)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllBytes(PartialPath, content);
    }

    private long PartialLength() => new FileInfo(PartialPath).Length;

    private static IEnumerable<TimeSpan> Seconds(params int[] seconds) => seconds.Select(count => TimeSpan.FromSeconds(count));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static byte[] Bytes(int seed)
    {
        var bytes = new byte[Length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A clock with a function that replaces the lengths of pauses.</summary>
    private sealed class PauseClock(Func<TimeSpan, TimeSpan> change) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, change(dueTime), period);
    }

    private sealed class Offline : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new HttpRequestException(HttpRequestError.NameResolutionError, "unknown name.");
    }

    private sealed class Reports(Action<DownloadProgress>? then = null) : ConcurrentQueue<DownloadProgress>, IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value)
        {
            Enqueue(value);
            then?.Invoke(value);
        }
    }

    private sealed class FullDiskFactAttribute : FactAttribute
    {
        public const string Device = "/dev/full";

        public FullDiskFactAttribute() => Skip = File.Exists(Device) ? null : $"This system has no {Device}.";
    }
}
