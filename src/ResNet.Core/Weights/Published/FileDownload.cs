using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Polly;
using Polly.Retry;

namespace ResNet.Core.Weights.Published;

/// <summary>Brings one published file to its place on disk: under its name there is the published file or none.</summary>
/// <remarks>
/// The bytes received so far lie beside it as <c>.partial</c> until they are complete and their hash is right. An interrupted download is
/// resumed from there, within a call and at the next one. Temporary failures are tried again, five times in a row at most. If several
/// processes want the same file, one downloads it and the others wait.
/// </remarks>
internal sealed class FileDownload
{
    // In a row. A failure after which there is more of the file than ever before is the first of a new row.
    private const int MostFailures = 5;
    private const int FewestDigits = 8;

    // The download has a time limit of its own. The name is there because some servers refuse clients without one.
    private static readonly HttpClient s_client = new()
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "resnet-dotnet" } },
    };

    // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] s_heldByAnother = [11, 35, unchecked((int)0x80070020)];

    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(0.2);

    private readonly Uri _published;
    private readonly string _path;
    private readonly HashAlgorithmName _algorithm;
    private readonly string _digits;
    private readonly string _folder;
    private readonly string _partialPath;

    /// <summary>A download of one file, which begins with <see cref="RunAsync"/>.</summary>
    /// <param name="address">Where the file is published, with <c>http</c> or <c>https</c>; the end of its path is the file's name.</param>
    /// <param name="path">The path to save it under; missing folders are made.</param>
    /// <param name="algorithm">How its hash was computed, for example <see cref="HashAlgorithmName.SHA256"/>.</param>
    /// <param name="digits">
    /// The published hash or its first digits, hexadecimal: at least eight, and no more than the algorithm gives.
    /// </param>
    /// <exception cref="ArgumentException">The address is of another kind, the path is empty, or the digits are invalid.</exception>
    /// <exception cref="CryptographicException">There is no such algorithm.</exception>
    internal FileDownload(Uri address, string path, HashAlgorithmName algorithm, string digits)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(digits);
        if (!IsOnTheWeb(address))
            throw new ArgumentException($"The address is '{address}', but has to begin with http:// or https://.", nameof(address));
        if (digits.Length < FewestDigits || !digits.All(char.IsAsciiHexDigit))
            throw new ArgumentException(
                $"The hash is '{digits}', but has to be at least {FewestDigits} hexadecimal digits.", nameof(digits));
        using (var hash = IncrementalHash.CreateHash(algorithm))
        {
            int most = 2 * hash.HashLengthInBytes;
            if (digits.Length > most)
                throw new ArgumentException(
                    $"The hash is '{digits}', but {algorithm.Name} has no more than {most} hexadecimal digits.", nameof(digits));
        }
        (_published, _path, _algorithm, _digits) = (address, Path.GetFullPath(path), algorithm, digits.ToLowerInvariant());
        (_folder, _partialPath) = (Path.GetDirectoryName(_path)!, _path + ".partial");
    }

    /// <summary>
    /// The environment variable with the address of a mirror. The file is downloaded from that address, followed by <c>/</c> and the
    /// file's name. Default: null, no mirror.
    /// </summary>
    internal string? MirrorVariable { get; init; }

    /// <summary>The environment variable that names another folder, for messages to advise. Default: null, there is none.</summary>
    internal string? FolderVariable { get; init; }

    /// <summary>Another way to get the file, as advice in messages: <c>install the package …</c>. Default: null, none.</summary>
    internal string? Advice { get; init; }

    /// <summary>Asks the server.</summary>
    internal HttpClient Client { get; init; } = s_client;

    /// <summary>Measures the pauses between attempts; the system's clock by default.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How long the server may send nothing; 60 seconds by default.</summary>
    internal TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long to wait for a program that holds the finished file open; 60 seconds by default.</summary>
    internal TimeSpan LongestHold { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Downloads the file if it is not there yet, and checks its hash in either case.</summary>
    /// <param name="progress">Receives progress reports; nothing where there is nothing to download.</param>
    /// <param name="cancellationToken">Stops the download; the bytes received so far stay for the next time.</param>
    /// <returns>The file's full path.</returns>
    /// <exception cref="FileDownloadException">
    /// The file cannot be downloaded or written, or the existing file is not the published one; the message says what to do.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal async Task<string> RunAsync(IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var source = Source(_published, MirrorVariable, Environment.GetEnvironmentVariable);
        var transfer = new Transfer(this, source, progress, cancellationToken);
        try
        {
            await transfer.RunAsync().ConfigureAwait(false);
            return _path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string reason = failure.Message.Split(" : '")[0].TrimEnd('.');
            throw new FileDownloadException(
                $"{Path.GetFileName(_path)} cannot be kept in the folder '{_folder}': {reason}; mend that{OtherFolder}.", failure);
        }
    }

    /// <summary>Where to download a file from: the mirror that the environment names, or its own address.</summary>
    /// <exception cref="FileDownloadException">The mirror's address does not begin with http:// or https://.</exception>
    internal static Uri Source(Uri published, string? mirrorVariable, Func<string, string?> variable)
    {
        if (mirrorVariable is null || variable(mirrorVariable) is not { Length: > 0 } mirror) return published;
        string name = published.Segments[^1];
        return Uri.TryCreate($"{mirror.TrimEnd('/')}/{name}", UriKind.Absolute, out var address) && IsOnTheWeb(address)
            ? address
            : throw new FileDownloadException(
                $"The environment variable {mirrorVariable} is '{mirror}', "
                + "but has to be an address that begins with http:// or https://.");
    }

    private static bool IsOnTheWeb(Uri address) =>
        address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp);

    private string OtherFolder => FolderVariable is null ? "" : $", or name another folder with {FolderVariable}";

    private string OtherSource =>
        (MirrorVariable is null ? "" : $", or set {MirrorVariable} to the address of a mirror that has it")
        + (Advice is null ? "" : $", or {Advice}");

    private string HashName => _algorithm == HashAlgorithmName.SHA256 ? "SHA-256" : _algorithm.Name!;

    private string Mismatch(string hash) => $"is {hash}, but should {(_digits.Length == hash.Length ? "be" : "begin with")} {_digits}";

    private bool IsPublished(string hash) => hash.StartsWith(_digits, StringComparison.Ordinal);

    /// <summary>One run of it.</summary>
    private sealed class Transfer(
        FileDownload file, Uri address, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        private readonly byte[] _buffer = new byte[1 << 17];
        private int _timesHeld;
        private int _failures;
        private long _furthest;

        internal async Task RunAsync()
        {
            while (!await CheckAsync().ConfigureAwait(false) && !await DownloadAsync().ConfigureAwait(false))
                await Task.Delay(s_pollInterval, file.Clock, cancellationToken).ConfigureAwait(false);
        }

        /// <summary>Whether the published file is there and nobody holds it.</summary>
        private async Task<bool> CheckAsync()
        {
            if (!File.Exists(file._path)) return false;
            using var present = TryOpen(file._path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (present is null) return false;
            string hash = await HashAsync(present).ConfigureAwait(false);
            if (file.IsPublished(hash)) return true;
            string problem = $"'{file._path}' is not the published file: its {file.HashName} {file.Mismatch(hash)}; "
                + "delete it, and it will be downloaded again.";
            throw new FileDownloadException(problem) { HashFound = hash };
        }

        /// <summary>Downloads the file unless another process is downloading it or has finished.</summary>
        private async Task<bool> DownloadAsync()
        {
            // One process at a time: the process that holds the partial file open downloads, and renames the file before closing it. The
            // next process checks again, since the file may be in place by now; on Unix the file that it opened may be that very file.
            Directory.CreateDirectory(file._folder);
            using var partial = TryOpen(
                file._partialPath, FileMode.OpenOrCreate, FileAccess.ReadWrite,
                OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);
            if (partial is null) return false;
            if (File.Exists(file._path))
            {
                File.Delete(file._partialPath);
                // Nobody downloads, so another program holds the finished file open.
                if (++_timesHeld > file.LongestHold / s_pollInterval)
                    throw new FileDownloadException($"'{file._path}' is held by another program: close that{file.OtherFolder}.");
                return false;
            }
            await FillAsync(partial).ConfigureAwait(false);
            partial.Flush(flushToDisk: true);
            File.Move(file._partialPath, file._path, overwrite: true);
            return true;
        }

        /// <summary>Downloads the rest of the partial file, again and again until its hash is right.</summary>
        private async Task FillAsync(FileStream partial)
        {
            // A process that ended just before renaming its partial file left a complete one.
            if (partial.Length > 0 && file.IsPublished(await HashAsync(partial).ConfigureAwait(false))) return;
            _furthest = partial.Length;
            try
            {
                await Attempts().ExecuteAsync(_ => AttemptAsync(partial), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception last) when (last is Interruption or WrongContent)
            {
                // An attempt that fails while the token is cancelled is the last one, but not the reason.
                cancellationToken.ThrowIfCancellationRequested();
                throw Failed(last.Message, last);
            }
        }

        /// <summary>
        /// Retries once, without a pause, after wrong content; after interruptions with pauses, up to <see cref="MostFailures"/> in a row.
        /// </summary>
        private ResiliencePipeline Attempts() => new ResiliencePipelineBuilder { TimeProvider = file.Clock }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<WrongContent>(),
                MaxRetryAttempts = 1,
                Delay = TimeSpan.Zero,
            })
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Interruption>(_ => _failures < MostFailures),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = retry => ValueTask.FromResult<TimeSpan?>(PauseAfter((Interruption)retry.Outcome.Exception!)),
            })
            .Build();

        private TimeSpan PauseAfter(Interruption interruption)
        {
            var pause = TimeSpan.FromSeconds(1 << (_failures - 1));
            return interruption.Pause > pause ? interruption.Pause : pause;
        }

        /// <summary>Downloads the rest of the partial file.</summary>
        /// <exception cref="Interruption">Another attempt may bring more.</exception>
        /// <exception cref="WrongContent">All has arrived and is not the published file; the partial file is empty again.</exception>
        private async ValueTask AttemptAsync(FileStream partial)
        {
            try
            {
                await ReceiveRestAsync(partial).ConfigureAwait(false);
            }
            catch (Interruption)
            {
                // Whatever the server announced, the hash tells whether the file is whole.
                if (file.IsPublished(await HashAsync(partial).ConfigureAwait(false))) return;
                // An attempt that brought more of the file starts a new row of failures.
                _failures = partial.Length > _furthest ? 1 : _failures + 1;
                _furthest = Math.Max(_furthest, partial.Length);
                throw;
            }
            string hash = await HashAsync(partial).ConfigureAwait(false);
            if (file.IsPublished(hash)) return;
            partial.SetLength(0);
            throw new WrongContent($"the {file.HashName} of what arrives {file.Mismatch(hash)}");
        }

        /// <summary>Asks for what is missing and appends it; returns when the server says that this was all.</summary>
        private async Task ReceiveRestAsync(FileStream partial)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            if (partial.Length > 0) request.Headers.Range = new RangeHeaderValue(partial.Length, null);
            using var response = await OverNetworkAsync(
                token => file.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token)).ConfigureAwait(false);
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
                progress?.Report(new DownloadProgress(Path.GetFileName(file._path), partial.Position, total ?? 0));
            }
        }

        /// <summary>Tells failures of the network, which are worth another attempt, from those of the disk.</summary>
        private async Task<T> OverNetworkAsync<T>(Func<CancellationToken, Task<T>> step)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(file.LongestSilence);
            try
            {
                return await step(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException silence) when (!cancellationToken.IsCancellationRequested)
            {
                throw new Interruption($"the server was silent for {file.LongestSilence.TotalSeconds:0.#} seconds", silence);
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
            if (response.StatusCode is not (
                HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError))
                return Failed(reason);
            var asked = response.Headers.RetryAfter;
            var pause = asked?.Delta ?? asked?.Date - DateTimeOffset.UtcNow ?? TimeSpan.Zero;
            return new Interruption(reason) { Pause = pause < s_longestPause ? pause : s_longestPause };
        }

        private FileDownloadException Failed(string reason, Exception? inner = null) => new(
            $"{address} cannot be downloaded: {reason}; download it elsewhere and put it at '{file._path}'{file.OtherSource}.", inner);

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

        private async Task<string> HashAsync(FileStream content)
        {
            using var hash = IncrementalHash.CreateHash(file._algorithm);
            content.Position = 0;
            int read;
            while ((read = await content.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false)) > 0)
                hash.AppendData(_buffer, 0, read);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }

        /// <summary>The network failed in a way that may pass.</summary>
        private sealed class Interruption(string reason, Exception? inner = null) : Exception(reason, inner)
        {
            /// <summary>How long the server asks to be left alone, at most <see cref="s_longestPause"/>.</summary>
            internal TimeSpan Pause { get; init; }
        }

        /// <summary>The server sent another file.</summary>
        private sealed class WrongContent(string reason) : Exception(reason);
    }
}
