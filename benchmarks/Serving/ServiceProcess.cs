using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Benchmarks.Serving;

/// <summary>A service in a process of its own, which ends when this object is disposed.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(30);
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Process _process;

    private ServiceProcess(string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        // As in programs of Microsoft.NET.Sdk.Web, which this one is not.
        start.Environment["DOTNET_gcServer"] = "1";
        _process = Process.Start(start)!;
        if (_process.StandardOutput.ReadLine() is not { } address)
        {
            _process.WaitForExit();
            throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {_process.ExitCode}.");
        }
        Url = new Uri(new Uri(address), OurService.Path);
    }

    /// <summary>The address to send pictures to.</summary>
    public Uri Url { get; }

    /// <summary>The time since the start of the process.</summary>
    public double Seconds => _clock.Elapsed.TotalSeconds;

    public Memory Memory => Memory.Of(_process.Id);

    /// <summary>Starts this program with other arguments, and waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It ended instead.</exception>
    public static ServiceProcess Start(params string[] arguments) => new(arguments);

    /// <summary>Returns the likeliest class of a picture, and its probability.</summary>
    /// <exception cref="HttpRequestException">The service refused the picture.</exception>
    public (string Class, double Probability) Classify(byte[] picture)
    {
        using var content = new ByteArrayContent(picture);
        content.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        using var request = new HttpRequestMessage(HttpMethod.Post, Url) { Content = content };
        using var answer = s_http.Send(request);
        using var json = JsonDocument.Parse(answer.EnsureSuccessStatusCode().Content.ReadAsStream());
        // Our service answers several pictures.
        var result = json.RootElement.TryGetProperty("pictures", out var pictures) ? pictures[0] : json.RootElement;
        var best = result.GetProperty("predictions")[0];
        return (best.GetProperty("class").GetString()!, best.GetProperty("probability").GetDouble());
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(s_longestEnd)) _process.Kill();
        _process.Dispose();
    }
}
