using OpenTelemetry;
using ResNet.AspNetCore;

// dotnet run --Classifier:Path runs/mine: the network, and all other options, are configuration.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddResNetClassifier(builder.Configuration.GetSection("Classifier"));
builder.Services.AddOpenApi();

// OTEL_EXPORTER_OTLP_ENDPOINT names a collector.
if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not null)
{
    builder.Services.AddOpenTelemetry().UseOtlpExporter()
        .WithMetrics(metrics => metrics.AddMeter("ResNet.AspNetCore", "Microsoft.AspNetCore.Hosting"))
        .WithTracing(traces => traces.AddSource("ResNet.AspNetCore", "Microsoft.AspNetCore"));
}

var app = builder.Build();
app.MapResNetClassifier("/classify");
app.MapResNetPage();
app.MapOpenApi();
app.MapHealthChecks("/health");
app.Run();
