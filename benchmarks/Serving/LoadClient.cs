using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace Benchmarks.Serving;

/// <summary>Sends photographs to a service from many connections, and measures its answers, in a process of its own.</summary>
internal sealed class LoadClient : IDisposable
{
    /// <summary>
    /// The time before the measurement, in seconds. A service that is busy needs 6 s or more until .NET has compiled its code again.
    /// </summary>
    public const double WarmUp = 10;

    // A service at its limit is slow, but one that stays silent has failed.
    private const double LongestWait = 60;

    private static readonly MediaTypeHeaderValue s_jpeg = new("image/jpeg");

    private readonly byte[][] _pictures;
    private readonly HttpClient _http;
    private readonly AnswerLog _log;
    private readonly Uri _url;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly bool _mayRefuse;

    private LoadClient(string url, string folder, int connections, double seconds, bool mayRefuse)
    {
        (_url, _mayRefuse) = (new Uri(url), mayRefuse);
        _pictures = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false })
        {
            Timeout = TimeSpan.FromSeconds(LongestWait),
        };
        _log = new AnswerLog(WarmUp, WarmUp + seconds);
    }

    /// <summary>
    /// Sends pictures to warm up, then for the given time, prints a JSON line, and, without a rate, continues for half of that time.
    /// </summary>
    /// <param name="url">The address of the service.</param>
    /// <param name="folder">A folder of pictures.</param>
    /// <param name="connections">The most connections.</param>
    /// <param name="seconds">The time in seconds.</param>
    /// <param name="rate">
    /// Pictures per second, whatever the service answers; null if each connection sends its next picture after an answer.
    /// </param>
    /// <exception cref="InvalidOperationException">A picture was not classified, for another reason than status 429 at a rate.</exception>
    public static async Task MeasureAsync(string url, string folder, int connections, double seconds, double? rate)
    {
        using var client = new LoadClient(url, folder, connections, seconds, mayRefuse: rate is not null);
        double end = WarmUp + seconds;
        // The parent process measures the memory after the line.
        var sending = rate is { } arrivals ? client.ArriveAsync(arrivals, end) : client.RepeatAsync(connections, end + (seconds / 2));
        await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(end)));
        if (sending.IsFaulted || rate is not null) await sending;
        Console.WriteLine(client._log.ToLoad().ToJson());
        await sending;
    }

    public void Dispose() => _http.Dispose();

    private Task RepeatAsync(int connections, double end) => Task.WhenAll(Enumerable.Range(0, connections).Select(async connection =>
    {
        for (int i = connection; _clock.Elapsed.TotalSeconds < end; i += connections) await SendAsync(i, _clock.Elapsed.TotalSeconds);
    }));

    // A thread of its own keeps the rate, however busy the others are.
    private Task ArriveAsync(double rate, double end) => Task.Factory.StartNew(
        () =>
        {
            var sent = new List<Task>();
            for (int i = 0; i / rate < end; i++)
            {
                double due = i / rate, early = due - _clock.Elapsed.TotalSeconds;
                if (early > 0) Thread.Sleep(TimeSpan.FromSeconds(early));
                if (sent.RemoveAll(task => task.IsCompletedSuccessfully) > 0 && sent.Exists(task => task.IsFaulted)) break;
                // The time that a late picture has lost counts, too.
                sent.Add(SendAsync(i, due));
            }
            return Task.WhenAll(sent);
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

    private async Task SendAsync(int number, double began)
    {
        using var content = new ByteArrayContent(_pictures[number % _pictures.Length]);
        content.Headers.ContentType = s_jpeg;
        try
        {
            using var answer = await _http.PostAsync(_url, content);
            double ended = _clock.Elapsed.TotalSeconds;
            bool accepted = answer.StatusCode == HttpStatusCode.OK;
            if (!accepted && !(_mayRefuse && answer.StatusCode == HttpStatusCode.TooManyRequests))
            {
                throw new InvalidOperationException(
                    $"The service answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }
            // At a rate, all pictures that were sent in the time count, whenever they are answered.
            _log.Add(accepted, _mayRefuse ? began : ended, ended - began);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            throw new InvalidOperationException($"The service did not answer: {e.Message}");
        }
    }
}
