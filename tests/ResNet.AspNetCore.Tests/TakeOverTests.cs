using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ResNet.Inference;
using ResNet.Testing;

namespace ResNet.AspNetCore.Tests;

/// <summary>Another network is taken over while requests are answered.</summary>
public sealed class TakeOverTests(Networks networks) : IClassFixture<Networks>
{
    [Fact]
    public async Task No_request_fails_or_gets_a_mixed_answer_while_networks_change_under_load()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumBatchSize = 8);
        byte[][] pictures = [.. Enumerable.Range(0, 8).Select(seed => Service.Picture(seed))];
        using var first = ImageClassifier.Open(networks.First);
        using var second = ImageClassifier.Open(networks.Second);
        using var over = new CancellationTokenSource();
        int answers = 0;
        var load = Enumerable.Range(0, 16).Select(async client =>
        {
            for (int i = client; !over.IsCancellationRequested; i++)
            {
                byte[] picture = pictures[i % pictures.Length];
                var answer = await service.ClassifyAsync(picture);
                string model = answer.GetProperty("model").GetString()!;
                var expected = (model.StartsWith("first@", StringComparison.Ordinal) ? first : second).Classify(picture);
                Http.ClassifyTests.ShouldBeSame(
                    Service.Predictions(answer), [.. expected.Select(entry => (entry.Class, entry.Probability))]);
                Interlocked.Increment(ref answers);
            }
        }).ToArray();
        for (int i = 0; i < 20; i++)
        {
            await service.Classifier.TakeOverAsync(i % 2 == 0 ? networks.Second : networks.First, default);
            await Task.Delay(50);
        }
        await over.CancelAsync();
        await Task.WhenAll(load);
        answers.Should().BeGreaterThan(50);
    }

    [Fact]
    public async Task All_pictures_of_a_request_get_the_same_network()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.MaximumBatchSize = 4);
        using var over = new CancellationTokenSource();
        var changes = Task.Run(async () =>
        {
            for (int i = 0; !over.IsCancellationRequested; i++)
                await service.Classifier.TakeOverAsync(i % 2 == 0 ? networks.Second : networks.First, default);
        });
        using var first = ImageClassifier.Open(networks.First);
        using var second = ImageClassifier.Open(networks.Second);
        for (int i = 0; i < 20; i++)
        {
            using var form = new MultipartFormDataContent();
            for (int seed = 0; seed < 10; seed++) form.Add(new ByteArrayContent(Service.Picture(seed)), "image", $"{seed}.png");
            using var response = await service.Client.PostAsync("/classify", form);
            var answer = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            bool isFirst = answer.GetProperty("model").GetString()!.StartsWith("first@", StringComparison.Ordinal);
            for (int seed = 0; seed < 10; seed++)
            {
                var expected = (isFirst ? first : second).Classify(Service.Picture(seed));
                Http.ClassifyTests.ShouldBeSame(
                    Service.Predictions(answer, seed), [.. expected.Select(entry => (entry.Class, entry.Probability))]);
            }
        }
        await over.CancelAsync();
        await changes;
    }

    [Fact]
    public async Task Whatever_a_new_network_does_wrong_the_old_one_answers_on_and_the_service_stops_in_order()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("mine.inference.safetensors");
        File.Copy(networks.First, file);
        bool fails = false;
        int attempts = 0;
        await using var service = await Service.StartAsync(file, options =>
        {
            options.WatchInterval = TimeSpan.FromMilliseconds(20);
            options.Open = (path, threads) =>
            {
                attempts++;
                return fails ? throw new NotImplementedException() : ImageClassifier.Open(path, threads);
            };
        });
        fails = true;
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
        while (attempts < 2) await Task.Delay(10);
        await service.ClassifyAsync(Service.Picture());
        fails = false;
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(2));
        while (attempts < 3) await Task.Delay(10);
        await service.ClassifyAsync(Service.Picture());
        await service.StopAsync();
    }

    [Fact]
    public async Task A_replaced_network_is_freed_after_its_last_picture()
    {
        await using var service = await Service.StartAsync(networks.First, options =>
        {
            (options.MaximumBatchSize, options.MaximumWait) = (64, TimeSpan.FromMilliseconds(500));
        });
        var old = service.Classifier.Classifier.AcquireModel();
        var request = service.Classifier.Classifier.ClassifyAsync(Service.Picture(), new(), old, default);
        await service.Classifier.TakeOverAsync(networks.Second, default);
        old.Release();
        (await request).Model.Should().StartWith("first@");
        for (int i = 0; i < 500 && old.TryAcquire(); i++)
        {
            old.Release();
            await Task.Delay(10);
        }
        old.TryAcquire().Should().BeFalse();
        FluentActions.Invoking(() => old.Classifier.Classify(Service.Picture())).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public async Task A_watched_folder_is_looked_at_and_a_damaged_file_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("mine.inference.safetensors");
        File.Copy(networks.First, file);
        await using var service = await Service.StartAsync(folder.Path, options => options.WatchInterval = TimeSpan.FromMilliseconds(50));
        string before = service.Classifier.Model!.Name;
        Replace(folder.Write("damaged", [1, 2, 3]), file);
        await Task.Delay(300);
        service.Classifier.Model.Name.Should().Be(before);
        await service.ClassifyAsync(Service.Picture());
        File.Copy(networks.Second, folder.File("new"));
        Replace(folder.File("new"), file);
        for (int i = 0; i < 500 && service.Classifier.Model.Name == before; i++) await Task.Delay(20);
        using var second = ImageClassifier.Open(networks.Second);
        Http.ClassifyTests.ShouldBeSame(
            Service.Predictions(await service.ClassifyAsync(Service.Picture())),
            [.. second.Classify(Service.Picture()).Select(entry => (entry.Class, entry.Probability))]);

        static void Replace(string from, string to) => File.Move(from, to, overwrite: true);
    }

    [Fact]
    public async Task An_administrator_replaces_the_network_by_one_that_lies_beside_it()
    {
        using var runs = new TemporaryFolder();
        File.Copy(networks.First, runs.File("a/first.inference.safetensors"));
        File.Copy(networks.Second, runs.File("b/second.inference.safetensors"));
        Directory.CreateDirectory(Path.Combine(runs.Path, "empty"));
        await using var service = await Service.StartAsync(
            Path.Combine(runs.Path, "a"), options => options.AdministratorPolicy = "administrators",
            builder => builder.Services.AddAuthorization(options => options.AddPolicy(
                "administrators",
                policy => policy.RequireAssertion(context => context.Resource is Microsoft.AspNetCore.Http.HttpContext http
                    && http.Request.Headers["X-Role"] == "administrator"))));
        using (var refused = await Put("""{"run": "b"}""", isAdministrator: false))
            refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        service.Classifier.Model!.Name.Should().StartWith("first@");
        using (var taken = await Put("""{"run": "b"}""")) taken.StatusCode.Should().Be(HttpStatusCode.OK);
        (await service.ClassifyAsync(Service.Picture())).GetProperty("model").GetString().Should().StartWith("second@");
        foreach (string name in new[] { "../b", "..", "/etc/passwd", "c:\\x", " " })
        {
            using var outside = await Put($$"""{"run": {{System.Text.Json.JsonSerializer.Serialize(name)}}}""");
            (await Service.ProblemAsync(outside)).Status.Should().Be(400, name);
        }
        foreach (string name in new[] { "missing", "empty" })
        {
            using var unusable = await Put($$"""{"run": "{{name}}"}""");
            (await Service.ProblemAsync(unusable)).Status.Should().Be(422, name);
        }
        using (var empty = await Put("")) (await Service.ProblemAsync(empty)).Status.Should().Be(400);
        service.Classifier.Model.Name.Should().StartWith("second@");

        Task<HttpResponseMessage> Put(string json, bool isAdministrator = true)
        {
            var request = new HttpRequestMessage(HttpMethod.Put, "/classify/model")
            {
                Content = new StringContent(json, Encoding.UTF8, "application/json"),
            };
            if (isAdministrator) request.Headers.Add("X-Role", "administrator");
            return service.Client.SendAsync(request);
        }
    }
}
