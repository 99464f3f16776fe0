using Microsoft.AspNetCore.Builder;
using ResNet.AspNetCore;

namespace Benchmarks.Serving;

/// <summary>The service of ResNet.AspNetCore, with its default options.</summary>
internal static class OurService
{
    public const string Path = "/classify";

    /// <param name="file">The network, as <c>SaveForInference</c> writes it with classes and preprocessing.</param>
    /// <param name="port">The port; 0 for a free one.</param>
    /// <param name="single">Whether a request is read, decoded, computed and answered before the next one begins.</param>
    public static void Serve(string file, int port, bool single)
    {
        var builder = ServiceProgram.CreateBuilder(port);
        builder.Services.AddResNetClassifier(file, options =>
        {
            if (single) (options.MaximumBatchSize, options.DecodingThreads) = (1, 1);
        });
        using var app = builder.Build();
        using var turn = new SemaphoreSlim(1);
        if (single)
        {
            app.Use(async (context, next) =>
            {
                await turn.WaitAsync(context.RequestAborted);
                try
                {
                    await next(context);
                }
                finally
                {
                    turn.Release();
                }
            });
        }
        app.MapResNetClassifier(Path);
        ServiceProgram.Run(app);
    }
}
