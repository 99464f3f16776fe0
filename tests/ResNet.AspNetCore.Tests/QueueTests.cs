using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using ResNet.AspNetCore.Tests.Http;

namespace ResNet.AspNetCore.Tests;

/// <summary>Pictures that come together: batches, a bounded queue, cancellation and the end of the service.</summary>
public sealed class QueueTests(Networks networks) : IClassFixture<Networks>
{
    // Long enough that all of a test's requests are there before the first is computed.
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Requests_that_come_together_are_computed_together_and_get_the_answers_of_single_ones()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            options.MaximumWait = s_long;
            options.MaximumBatchSize = 32;
        });
        using var sizes = new Sizes(service.Services.GetRequiredService<IMeterFactory>());
        byte[][] pictures = [.. Enumerable.Range(0, 32).Select(seed => Service.Picture(seed))];
        var together = await Task.WhenAll(pictures.Select(picture => service.ClassifyAsync(picture)));
        sizes.Seen.Sum().Should().Be(32);
        sizes.Seen.Max().Should().BeGreaterThan(4);
        sizes.Seen.Should().OnlyContain(size => (size & (size - 1)) == 0, "memory is planned for powers of 2");
        await using var alone = await Service.StartAsync(networks.First, options => options.MaximumBatchSize = 1);
        for (int i = 0; i < pictures.Length; i++)
            ClassifyTests.ShouldBeSame(Service.Predictions(together[i]), Service.Predictions(await alone.ClassifyAsync(pictures[i])));
    }

    [Fact]
    public async Task Heat_maps_and_plain_requests_mix()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumWait = TimeSpan.FromMilliseconds(50));
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => service.ClassifyAsync(
            Service.Picture(i), i % 3 == 0 ? "?heatMap=true" : i % 3 == 1 ? "?heatMap=true&class=class+2&count=10" : "?count=2")));
        for (int i = 0; i < answers.Length; i++)
        {
            Service.Predictions(answers[i]).Should().HaveCount(i % 3 == 0 ? 5 : i % 3 == 1 ? 10 : 2);
            answers[i].GetProperty("pictures")[0].TryGetProperty("heatMap", out _).Should().Be(i % 3 != 2);
        }
    }

    [Fact]
    public async Task A_full_queue_refuses_with_a_time_and_takes_others_later()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.QueueLength, options.MaximumPictures, options.MaximumBatchSize, options.MaximumWait) = (3, 1, 64, s_long);
        });
        var responses = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => service.SendAsync(Service.Picture(i))));
        // On a slow machine, the first ones are answered before the last ones come.
        responses.Count(response => response.StatusCode == HttpStatusCode.OK).Should().BeInRange(3, 11);
        foreach (var response in responses.Where(response => response.StatusCode != HttpStatusCode.OK))
        {
            (await Service.ProblemAsync(response)).Should().Be(
                (429, "Too many pictures are waiting: try again after the time of the header Retry-After."));
            response.Headers.RetryAfter!.Delta.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
        }
        await service.ClassifyAsync(Service.Picture());
    }

    [Fact]
    public async Task A_client_that_hangs_up_frees_its_place()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.QueueLength, options.MaximumPictures, options.MaximumBatchSize, options.MaximumWait) = (2, 1, 64, s_long);
        });
        using var hangUp = new CancellationTokenSource();
        var first = service.SendAsync(Service.Picture(), cancellationToken: hangUp.Token);
        var second = service.SendAsync(Service.Picture(), cancellationToken: hangUp.Token);
        await Until(() => !service.Classifier.Classifier.HasPlace);
        await hangUp.CancelAsync();
        await Until(() => service.Classifier.Classifier.HasPlace);
        await first.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        await second.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        await service.ClassifyAsync(Service.Picture());
        await Until(() => service.Classifier.Uploads.Used == 0);
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_is_given_up()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.RequestTimeout, options.MaximumBatchSize, options.MaximumWait) = (TimeSpan.FromMilliseconds(600), 64, s_long);
        });
        using var response = await service.SendAsync(Service.Picture());
        (await Service.ProblemAsync(response)).Should().Be((504, "The picture was not classified within 0.6 s: try again later."));
    }

    [Fact]
    public async Task A_service_that_has_not_started_says_so()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddResNetClassifier(networks.First);
        await using var provider = services.BuildServiceProvider();
        var early = () => provider.GetRequiredService<IImageClassifier>().ClassifyAsync(Service.Picture());
        (await early.Should().ThrowAsync<ClassificationException>()).Which.Problem.Should().Be(ClassificationProblem.Stopped);
    }

    [Fact]
    public async Task Traces_of_a_request_belong_together()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ResNet.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (ended) ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var service = await Service.StartAsync(networks.First);
        await service.ClassifyAsync(Service.Picture());
        await Until(() => ended.Count == 3);
        var classify = ended.Single(activity => activity.OperationName == "resnet.classify");
        ended.Single(activity => activity.OperationName == "resnet.decode").TraceId.Should().Be(classify.TraceId);
        ended.Single(activity => activity.OperationName == "resnet.compute").Links.Single().Context.TraceId.Should().Be(classify.TraceId);
    }

    [Fact]
    public async Task A_service_that_stops_finishes_what_it_has_begun()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.MaximumBatchSize, options.MaximumWait) = (64, s_long);
        });
        var requests = Enumerable.Range(0, 20).Select(i => service.ClassifyAsync(Service.Picture(i))).ToArray();
        await Until(() => requests.Count(request => request.IsCompleted) + service.Classifier.Classifier.Places == requests.Length);
        var stop = service.StopAsync();
        foreach (var answer in await Task.WhenAll(requests)) Service.Predictions(answer).Should().HaveCount(5);
        await stop;
        var late = () => service.Services.GetRequiredService<IImageClassifier>().ClassifyAsync(Service.Picture());
        (await late.Should().ThrowAsync<ClassificationException>()).Which.Problem.Should().Be(ClassificationProblem.Stopped);
    }

    [Fact]
    public async Task Health_says_whether_there_is_a_place()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.QueueLength, options.MaximumPictures, options.MaximumBatchSize, options.MaximumWait) = (1, 1, 64, s_long);
        });
        (await service.Client.GetStringAsync("/health")).Should().Be("Healthy");
        var request = service.ClassifyAsync(Service.Picture());
        await Until(() => !service.Classifier.Classifier.HasPlace);
        (await service.Client.GetStringAsync("/health")).Should().Be("Degraded");
        await request;
    }

    private static async Task Until(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            i.Should().BeLessThan(1000, "this should have happened within ten seconds");
            await Task.Delay(10);
        }
    }

    private sealed class Sizes : IDisposable
    {
        private readonly MeterListener _listener = new();

        internal Sizes(IMeterFactory meters)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "resnet.batch.size" && ReferenceEquals(instrument.Meter.Scope, meters))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<int>((_, size, _, _) =>
            {
                lock (Seen) Seen.Add(size);
            });
            _listener.Start();
        }

        internal List<int> Seen { get; } = [];

        public void Dispose() => _listener.Dispose();
    }
}
