using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace ResNet.Core.Weights;

/// <summary>Brings one published file to its place in the cache: under its name there is the published file or none.</summary>
/// <param name="client">Asks the server.</param>
/// <param name="address">The file's address.</param>
/// <param name="path">Where it belongs.</param>
/// <param name="hashPrefix">What its SHA-256 begins with, as lower-case hexadecimal digits.</param>
/// <param name="progress">Is told of what has arrived.</param>
/// <param name="cancellationToken">Stops it; what has arrived stays for the next time.</param>
internal sealed class WeightsDownload(
    HttpClient client, Uri address, string path, string hashPrefix, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
{
    private const int Attempts = 5;

    // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] s_heldByAnother = [11, 35, unchecked((int)0x80070020)];

    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(0.2);

    private readonly string _folder = Path.GetDirectoryName(path)!;
    private readonly string _partialPath = path + ".partial";
    private readonly byte[] _buffer = new byte[1 << 17];
    private int _timesHeld;

    /// <summary>Waits; <see cref="Task.Delay(TimeSpan, CancellationToken)"/> by default.</summary>
    internal Func<TimeSpan, CancellationToken, Task> Delay { get; init; } = Task.Delay;

    /// <summary>How long the server may send nothing; 60 seconds by default.</summary>
    internal TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long to wait for a program that holds the finished file; 60 seconds by default.</summary>
    internal TimeSpan LongestHold { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Downloads the file where it is not there yet, and checks it.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="WeightsDownloadException">It cannot be downloaded or written.</exception>
    /// <exception cref="WeightsFileException">The file that is there already is not the published one.</exception>
    internal async Task<string> RunAsync()
    {
        try
        {
            while (!await CheckAsync().ConfigureAwait(false) && !await DownloadAsync().ConfigureAwait(false))
                await Delay(s_pollInterval, cancellationToken).ConfigureAwait(false);
            return path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new WeightsDownloadException(
                $"{Path.GetFileName(path)} cannot be kept in the folder '{_folder}': {failure.Message.TrimEnd('.')}; mend that, or name another folder with {WeightsCache.HomeVariable}.", failure);
        }
    }

    /// <summary>Whether the published file is there and nobody holds it.</summary>
    private async Task<bool> CheckAsync()
    {
        if (!File.Exists(path)) return false;
        using var file = TryOpen(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file is null) return false;
        string hash = await HashAsync(file).ConfigureAwait(false);
        return IsPublished(hash) ? true : throw new WeightsFileException(
            path, $"is not the published one: its SHA-256 is {hash}, but should begin with {hashPrefix}; delete it, and it will be downloaded again");
    }

    /// <summary>Downloads the file unless another process is about it or has done it.</summary>
    private async Task<bool> DownloadAsync()
    {
        // One process at a time: who holds the partial file downloads, and renames it before letting go. Who gets hold of it next
        // looks again, since the file may be in place by now, and on Unix what was opened may have become that very file.
        Directory.CreateDirectory(_folder);
        using var partial = TryOpen(
            _partialPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);
        if (partial is null) return false;
        if (File.Exists(path))
        {
            File.Delete(_partialPath);
            // Nobody downloads, so whoever holds the file under its name has another use for it.
            if (++_timesHeld > LongestHold / s_pollInterval)
                throw new WeightsDownloadException($"'{path}' is held by another program: close that, or name another folder with {WeightsCache.HomeVariable}.");
            return false;
        }
        await FillAsync(partial).ConfigureAwait(false);
        partial.Flush(flushToDisk: true);
        File.Move(_partialPath, path, overwrite: true);
        return true;
    }

    /// <summary>Downloads what the partial file lacks, again and again until its hash is right.</summary>
    private async Task FillAsync(FileStream partial)
    {
        // What a process left that was ended before it could give the file its name may be all there.
        if (partial.Length > 0 && IsPublished(await HashAsync(partial).ConfigureAwait(false))) return;
        bool startedOver = false;
        int failures = 0;
        long furthest = partial.Length;
        while (true)
        {
            Interruption? interruption = null;
            try
            {
                await ReceiveRestAsync(partial).ConfigureAwait(false);
            }
            catch (Interruption caught)
            {
                interruption = caught;
            }

            // Whatever the server announced, the hash tells whether the file is whole.
            string hash = await HashAsync(partial).ConfigureAwait(false);
            if (IsPublished(hash)) return;
            if (interruption is null)
            {
                partial.SetLength(0);
                if (startedOver) throw Failed($"the SHA-256 of what arrives is {hash}, but should begin with {hashPrefix}");
                startedOver = true;
            }
            else
            {
                // As long as there is more of it each time it is worth going on.
                failures = partial.Length > furthest ? 1 : failures + 1;
                furthest = Math.Max(furthest, partial.Length);
                if (failures == Attempts) throw Failed(interruption.Message, interruption);
                var pause = TimeSpan.FromSeconds(1 << (failures - 1));
                await Delay(interruption.Pause > pause ? interruption.Pause : pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks for what is missing and appends it; returns when the server says that this was all.</summary>
    private async Task ReceiveRestAsync(FileStream partial)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (partial.Length > 0) request.Headers.Range = new RangeHeaderValue(partial.Length, null);
        using var response = await OverNetworkAsync(
            token => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token)).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && partial.Length > 0) return;
        if (!response.IsSuccessStatusCode) throw Refusal(response);

        long? total = response.Content.Headers.ContentLength;
        if (response.StatusCode != HttpStatusCode.PartialContent)
        {
            partial.SetLength(0);
        }
        else
        {
            var range = response.Content.Headers.ContentRange;
            if (range?.From != partial.Length)
            {
                partial.SetLength(0);
                throw new Interruption("the server sends another part of the file than it was asked for");
            }
            total = range.Length;
        }

        using var body = await OverNetworkAsync(token => response.Content.ReadAsStreamAsync(token)).ConfigureAwait(false);
        partial.Position = partial.Length;
        int read;
        while ((read = await OverNetworkAsync(token => body.ReadAsync(_buffer, token).AsTask()).ConfigureAwait(false)) > 0)
        {
            await partial.WriteAsync(_buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            progress?.Report(new DownloadProgress(Path.GetFileName(path), partial.Position, total ?? 0));
        }
    }

    /// <summary>Tells failures of the network, which are worth another attempt, from those of the disk.</summary>
    private async Task<T> OverNetworkAsync<T>(Func<CancellationToken, Task<T>> step)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LongestSilence);
        try
        {
            return await step(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException silence) when (!cancellationToken.IsCancellationRequested)
        {
            throw new Interruption($"the server was silent for {LongestSilence.TotalSeconds:0.#} seconds", silence);
        }
        catch (Exception cut) when (cut is IOException or HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded })
        {
            throw new Interruption("the connection was cut", cut);
        }
        catch (HttpRequestException offline) when (offline.HttpRequestError == HttpRequestError.NameResolutionError)
        {
            // Most likely there is no network, which a wait of seconds does not change.
            throw Failed(offline.GetBaseException().Message.TrimEnd('.'), offline);
        }
        catch (HttpRequestException failure)
        {
            throw new Interruption(failure.GetBaseException().Message.TrimEnd('.'), failure);
        }
    }

    private Exception Refusal(HttpResponseMessage response)
    {
        string reason = $"the server answers {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();
        if (response.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError))
            return Failed(reason);
        var asked = response.Headers.RetryAfter;
        var pause = asked?.Delta ?? asked?.Date - DateTimeOffset.UtcNow ?? TimeSpan.Zero;
        return new Interruption(reason) { Pause = pause < s_longestPause ? pause : s_longestPause };
    }

    private WeightsDownloadException Failed(string reason, Exception? inner = null) => new(
        $"{address} cannot be downloaded: {reason}; download it elsewhere and put it at '{path}', or set {WeightsCache.MirrorVariable} to the address of a mirror that has it.", inner);

    /// <summary>Opens a file; null while another process holds it.</summary>
    private static FileStream? TryOpen(string path, FileMode mode, FileAccess access, FileShare share)
    {
        try
        {
            // Without a buffer nothing is left to write, and to fail, when the stream is closed.
            return new FileStream(path, mode, access, share, bufferSize: 0, useAsync: true);
        }
        catch (IOException failure) when (s_heldByAnother.Contains(failure.HResult))
        {
            return null;
        }
    }

    private async Task<string> HashAsync(FileStream file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        file.Position = 0;
        int read;
        while ((read = await file.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false)) > 0) hash.AppendData(_buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private bool IsPublished(string hash) => hash.StartsWith(hashPrefix, StringComparison.Ordinal);

    /// <summary>The network failed in a way that may pass.</summary>
    private sealed class Interruption(string reason, Exception? inner = null) : Exception(reason, inner)
    {
        /// <summary>How long the server asks to be left alone, at most <see cref="s_longestPause"/>.</summary>
        public TimeSpan Pause { get; init; }
    }
}
