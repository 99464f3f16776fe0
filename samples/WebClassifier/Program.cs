using Microsoft.Extensions.Options;
using OpenTelemetry;
using ResNet.AspNetCore;
using ResNet.Inference;

// dotnet run --Classifier:Path runs/mine: the network, and all other options, are configuration.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddResNetClassifier(builder.Configuration.GetSection("Classifier"));
builder.Services.AddOpenApi();
if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not null)
{
    builder.Services.AddOpenTelemetry().UseOtlpExporter()
        .WithMetrics(metrics => metrics.AddMeter("ResNet.AspNetCore", "Microsoft.AspNetCore.Hosting"))
        .WithTracing(traces => traces.AddSource("ResNet.AspNetCore", "Microsoft.AspNetCore"));
}
try
{
    var app = builder.Build();
    app.MapResNetClassifier("/classify");
    app.MapResNetPage();
    app.MapOpenApi();
    app.MapHealthChecks("/health");
    app.Run();
}
catch (Exception e) when (e is OptionsValidationException or InferenceFileException or InvalidOperationException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    Environment.ExitCode = 1;
}
