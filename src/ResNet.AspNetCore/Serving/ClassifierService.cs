using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ResNet.AspNetCore.Batching;
using ResNet.AspNetCore.Models;
using ResNet.Inference;

namespace ResNet.AspNetCore.Serving;

/// <summary>A classifier of an application: opens its network at the start, and takes over another one.</summary>
internal sealed partial class ClassifierService : IHostedService, IHealthCheck, IDisposable
{
    private readonly string _name;
    private readonly ILogger _logger;
    private readonly Telemetry _telemetry;
    private readonly ModelHolder _models = new();
    private readonly SemaphoreSlim _takeOver = new(1);
    private readonly CancellationTokenSource _stop = new();
    private string _path;
    private string _stamp = "";
    private Task _watching = Task.CompletedTask;

    internal ClassifierService(string name, ResNetClassifierOptions options, Telemetry telemetry, ILogger logger)
    {
        (_name, Options, _telemetry, _logger, _path) = (name.Length == 0 ? "default" : name, options, telemetry, logger, options.Path);
        Classifier = new BatchingClassifier(options, _models, telemetry);
        Uploads = new UploadBudget(options.MaximumUploadBytes);
    }

    internal ResNetClassifierOptions Options { get; }

    internal BatchingClassifier Classifier { get; }

    /// <summary>The bytes of all requests.</summary>
    internal UploadBudget Uploads { get; }

    /// <summary>The network in service; null before the start.</summary>
    internal ServedModel? Model => _models.Current;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await TakeOverAsync(_path, cancellationToken).ConfigureAwait(false);
        Classifier.Start();
        if (Options.WatchInterval > TimeSpan.Zero) _watching = WatchAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Classifier.StopAsync(cancellationToken).ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
    }

    public void Dispose()
    {
        Classifier.Dispose();
        _models.Dispose();
        _takeOver.Dispose();
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            Model is not { } model || Classifier.IsClosed ? HealthCheckResult.Unhealthy("The service has not started, or is stopping.")
            : Classifier.HasPlace ? HealthCheckResult.Healthy(model.Name)
            : HealthCheckResult.Degraded("All places of the queue are taken."));

    /// <summary>Opens a network, and answers with it from now on; if that fails, the old one stays.</summary>
    /// <exception cref="InferenceFileException">The file cannot be used.</exception>
    internal Task<ServedModel> TakeOverAsync(string path, CancellationToken cancellationToken) =>
        TakeOverAsync(path, () => true, cancellationToken)!;

    // Null if the network is not wanted any more when it is this call's turn.
    private async Task<ServedModel?> TakeOverAsync(string path, Func<bool> isWanted, CancellationToken cancellationToken)
    {
        await _takeOver.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!isWanted()) return null;
            // Before the file is opened, so that a change during the opening is noticed.
            string stamp = ModelFile.Stamp(path, Options);
            var model = await Task.Run(() => WarmUp(ModelFile.Open(path, Options)), cancellationToken).ConfigureAwait(false);
            _models.Replace(model);
            (_path, _stamp) = (path, stamp);
            LogServing(_name, model.Name, path);
            return model;
        }
        finally
        {
            _takeOver.Release();
        }
    }

    /// <summary>Counts a request that was refused.</summary>
    internal void Refused(string reason) => _telemetry.Refused(reason);

    // The first pass packs the weights.
    private static ServedModel WarmUp(ServedModel model)
    {
        try
        {
            var classifier = model.Classifier;
            var (height, width) = classifier.Transforms.Size;
            classifier.Model.Run(new byte[model.PixelBytes], 1, height, width, new float[classifier.Model.ClassCount]);
            return model;
        }
        catch
        {
            model.Release();
            throw;
        }
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Options.WatchInterval);
        string refused = "";
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                string path = _path, stamp = ModelFile.Stamp(path, Options);
                // Nothing there is a moment of a replacement, and what was refused once is not tried again and again.
                if (stamp.Length == 0 || stamp == _stamp || stamp == refused) continue;
                try
                {
                    await TakeOverAsync(path, () => path == _path, _stop.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // Whatever is wrong with the new network, the old one answers on.
                    refused = stamp;
                    LogRefused(_name, path, e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The application stops.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Classifier {Classifier} serves {Model} of {Path}")]
    private partial void LogServing(string classifier, string model, string path);

    [LoggerMessage(2, LogLevel.Error, "Classifier {Classifier} keeps its network, since that of {Path} cannot be taken over: {Reason}")]
    private partial void LogRefused(string classifier, string path, string reason);
}
