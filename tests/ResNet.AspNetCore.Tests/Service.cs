using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ResNet.AspNetCore.Serving;
using ResNet.Testing;

namespace ResNet.AspNetCore.Tests;

/// <summary>An application with a classifier, at a port of its own.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ErrorLog _errors;

    private Service(WebApplication app, ErrorLog errors)
    {
        (_app, _errors) = (app, errors);
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    internal HttpClient Client { get; }

    internal IServiceProvider Services => _app.Services;

    /// <summary>What was logged as an error, by anybody.</summary>
    internal IReadOnlyCollection<string> Errors => _errors.Lines;

    internal ClassifierService Classifier => _app.Services.GetRequiredKeyedService<ClassifierService>("");

    /// <summary>A picture of some seed, as a PNG.</summary>
    internal static byte[] Picture(int seed = 0, int width = 60, int height = 48) => new Scene(seed).ToPng(width, height);

    internal static async Task<Service> StartAsync(
        string network, Action<ResNetClassifierOptions>? configure = null, Action<WebApplicationBuilder>? build = null,
        Action<WebApplication>? map = null, string address = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder();
        var errors = new ErrorLog();
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.WebHost.UseUrls(address);
        builder.Services.AddResNetClassifier(network, configure);
        build?.Invoke(builder);
        var app = builder.Build();
        app.MapResNetClassifier("/classify");
        app.MapResNetPage();
        app.MapHealthChecks("/health");
        map?.Invoke(app);
        await app.StartAsync();
        return new Service(app, errors);
    }

    /// <summary>Sends a picture.</summary>
    internal Task<HttpResponseMessage> SendAsync(
        byte[] picture, string query = "", string type = "image/png", CancellationToken cancellationToken = default)
    {
        var content = new ByteArrayContent(picture);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return Client.PostAsync($"/classify{query}", content, cancellationToken);
    }

    /// <summary>Sends a picture and returns the answer, which has to be a success.</summary>
    internal async Task<JsonElement> ClassifyAsync(byte[] picture, string query = "")
    {
        using var response = await SendAsync(picture, query);
        string text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue(text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The status of a response, and the sentence of its problem.</summary>
    internal static async Task<(int Status, string Sentence)> ProblemAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        response.Content.Headers.ContentType?.MediaType.Should().Be("application/problem+json", text);
        var problem = JsonDocument.Parse(text).RootElement;
        problem.GetProperty("status").GetInt32().Should().Be((int)response.StatusCode);
        problem.GetProperty("title").GetString().Should().NotBeNullOrEmpty();
        return ((int)response.StatusCode, problem.GetProperty("detail").GetString()!);
    }

    /// <summary>The classes of a picture in an answer.</summary>
    internal static (string Class, double Probability)[] Predictions(JsonElement answer, int picture = 0) =>
        [.. answer.GetProperty("pictures")[picture].GetProperty("predictions").EnumerateArray()
            .Select(entry => (entry.GetProperty("class").GetString()!, entry.GetProperty("probability").GetDouble()))];

    internal Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
