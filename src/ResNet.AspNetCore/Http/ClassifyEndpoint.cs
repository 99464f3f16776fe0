using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ResNet.AspNetCore.Http.Requests;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore.Http;

/// <summary>Answers requests to classify pictures.</summary>
internal sealed partial class ClassifyEndpoint(ClassifierService service, IServiceProvider services, string name, ILogger logger)
{
    // The time for the rest of a request when the service stops.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(3);

    private readonly ResNetClassifierOptions _options = service.Options;
    private readonly CancellationToken _stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

    /// <summary>POST: the classes of pictures.</summary>
    internal async Task ClassifyAsync(HttpContext context)
    {
        using var activity = Telemetry.Source.StartActivity("resnet.classify");
        try
        {
            using var reader = new RequestReader(_options, service.Uploads);
            await ReadAsync(context, reader).ConfigureAwait(false);
            var parameters = reader.Parameters;
            activity?.SetTag("resnet.pictures", reader.Pictures.Count);
            var answers = await ClassifyAsync(reader.Pictures, parameters, context.RequestAborted).ConfigureAwait(false);
            activity?.SetTag("resnet.model", answers[0].Model);
            if (parameters.HeatMap == HeatMapKind.Png && answers[0].HeatMap is { } map)
                await Answer.WritePngAsync(context, map).ConfigureAwait(false);
            else
                await Answer.WriteAsync(context, reader.Pictures, answers).ConfigureAwait(false);
        }
        catch (Exception e) when (Refusal.Of(e, context) is { } refusal)
        {
            service.Refused(refusal.Reason);
            activity?.SetTag("resnet.refusal", refusal.Reason);
            if (refusal.Status == 0) return;
            LogRefused(name, refusal.Status, refusal.Sentence);
            await Problem.WriteAsync(context, refusal.Status, refusal.Sentence, refusal.RetryAfter).ConfigureAwait(false);
        }
    }

    /// <summary>GET: the network and its classes.</summary>
    internal Task DescribeAsync(HttpContext context) => service.Model is not { } model
        ? Problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The service has no network yet.", TimeSpan.FromSeconds(1))
        : Answer.WriteAsync(context, json =>
        {
            var network = model.Classifier.Model;
            json.WriteString("model", model.Name);
            json.WriteNumber("width", model.Classifier.Transforms.Size.Width);
            json.WriteNumber("height", model.Classifier.Transforms.Size.Height);
            json.WriteBoolean("quantized", network.IsQuantized);
            if (network.License is { } license) json.WriteString("license", license);
            json.WriteStartArray("classes");
            foreach (string label in model.Classifier.Classes) json.WriteStringValue(label);
            json.WriteEndArray();
        });

    private async Task ReadAsync(HttpContext context, RequestReader reader)
    {
        // A full service does not even read.
        if (service.Classifier.IsClosed || !service.Classifier.HasPlace) throw service.Classifier.Refuse();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limited.CancelAfter(_options.RequestTimeout);
        // A sender of half a request delays the end of the service by a moment only.
        using var stopping = _stopping.UnsafeRegister(static limited => ((CancellationTokenSource)limited!).CancelAfter(s_grace), limited);
        try
        {
            await reader.ReadAsync(context.Request, limited.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new RefusedRequestException(
                StatusCodes.Status408RequestTimeout,
                FormattableString.Invariant(
                    $"The request did not arrive within {_options.RequestTimeout.TotalSeconds:0.###} s."));
        }
    }

    private async Task<Classification[]> ClassifyAsync(
        IReadOnlyList<UploadedPicture> pictures, Parameters parameters, CancellationToken cancellationToken)
    {
        var classifier = services.GetRequiredKeyedService<IImageClassifier>(name);
        var options = new ClassificationOptions
        {
            Count = parameters.Count, HeatMap = parameters.HeatMap != HeatMapKind.None, Class = parameters.Class,
        };
        // All pictures of a request get the same network, also if another one is taken over meanwhile.
        var model = classifier == service.Classifier ? service.Classifier.AcquireModel() : null;
        // If one is refused, nobody needs the others.
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await Task.WhenAll(pictures.Select(ClassifyAsync).ToArray()).ConfigureAwait(false);
        }
        finally
        {
            model?.Release();
        }

        async Task<Classification> ClassifyAsync(UploadedPicture picture)
        {
            try
            {
                var named = options with { Name = picture.FileName };
                return await (model is null
                    ? classifier.ClassifyAsync(picture.Body.Bytes, named, together.Token)
                    : service.Classifier.ClassifyAsync(picture.Body.Bytes, named, model, together.Token)).ConfigureAwait(false);
            }
            catch
            {
                await together.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    [LoggerMessage(3, LogLevel.Debug, "Classifier {Classifier} refused a request with {Status}: {Reason}")]
    private partial void LogRefused(string classifier, int status, string reason);
}
