using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Benchmarks.Serving;

/// <summary>What the processes of all services share: they listen on the loopback address until their standard input is closed.</summary>
internal static class ServiceProgram
{
    /// <param name="port">The port; 0 for a free one.</param>
    public static WebApplicationBuilder CreateBuilder(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        // Standard output is for the address.
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning)
            .AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        return builder;
    }

    /// <summary>Prints the address as soon as the service listens, and ends when standard input does.</summary>
    public static void Run(WebApplication app)
    {
        app.StartAsync().GetAwaiter().GetResult();
        Console.WriteLine(app.Urls.First());
        Console.OpenStandardInput().CopyTo(Stream.Null);
        app.StopAsync().GetAwaiter().GetResult();
    }
}
