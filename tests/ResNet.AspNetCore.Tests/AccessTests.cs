using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ResNet.AspNetCore.Tests;

/// <summary>Who may classify.</summary>
public sealed class AccessTests(Networks networks) : IClassFixture<Networks>
{
    private const string Key = "0123456789abcdef0123";

    [Fact]
    public async Task With_keys_each_request_needs_one()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.ApiKeys.Add(Key));
        using (var without = await service.SendAsync(Service.Picture()))
        {
            (await Service.ProblemAsync(without)).Should().Be(
                (401, "This service needs an API key: send it in the header X-Api-Key."));
            without.Headers.WwwAuthenticate.ToString().Should().Be("ApiKey");
        }
        service.Client.DefaultRequestHeaders.Add("X-Api-Key", Key + "0");
        using (var wrong = await service.SendAsync(Service.Picture()))
            (await Service.ProblemAsync(wrong)).Should().Be((401, "The key in the header X-Api-Key is not one of this service's."));
        service.Client.DefaultRequestHeaders.Remove("X-Api-Key");
        service.Client.DefaultRequestHeaders.Add("X-Api-Key", Key);
        await service.ClassifyAsync(Service.Picture());
    }

    [Fact]
    public async Task Without_keys_this_machine_alone_is_answered()
    {
        // Also at its own address on the network, which others can reach.
        var own = Dns.GetHostAddresses(Dns.GetHostName())
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        await using var service = await Service.StartAsync(networks.First, address: "http://0.0.0.0:0");
        int port = service.Client.BaseAddress!.Port;
        (await Status($"http://127.0.0.1:{port}/")).Should().Be(HttpStatusCode.OK);
        (await Status($"http://localhost:{port}/")).Should().Be(HttpStatusCode.OK);
        if (own is not null) (await Status($"http://{own}:{port}/")).Should().Be(HttpStatusCode.Unauthorized);
        // A proxy on this machine speaks for others, and a foreign name may be one that a page made point here.
        (await Status($"http://127.0.0.1:{port}/", ("X-Forwarded-For", "192.0.2.1"))).Should().Be(HttpStatusCode.Unauthorized);
        foreach (string header in new[] { "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via" })
            (await Status($"http://127.0.0.1:{port}/", (header, "192.0.2.1"))).Should().Be(HttpStatusCode.Unauthorized, header);
        (await Status($"http://LOCALHOST:{port}/")).Should().Be(HttpStatusCode.OK);
        // Pages of other sites, which a visitor of this machine looks at.
        (await Status($"http://localhost:{port}/", ("Origin", "http://attacker.example"))).Should().Be(HttpStatusCode.Unauthorized);
        (await Status($"http://localhost:{port}/", ("Origin", "null"))).Should().Be(HttpStatusCode.Unauthorized);
        (await Status($"http://localhost:{port}/", ("Sec-Fetch-Site", "cross-site"))).Should().Be(HttpStatusCode.Unauthorized);
        (await Status($"http://localhost:{port}/", ("Origin", $"http://localhost:{port}"))).Should().Be(HttpStatusCode.OK);
        (await Status($"http://127.0.0.1:{port}/", ("Host", "attacker.example"))).Should().Be(HttpStatusCode.Unauthorized);

        static async Task<HttpStatusCode> Status(string address, params (string Name, string Value)[] headers)
        {
            using var client = new HttpClient();
            var request = new HttpRequestMessage(HttpMethod.Get, $"{address}classify");
            foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Without_keys_nobody_is_told_to_send_one()
    {
        await using var service = await Service.StartAsync(networks.First);
        service.Client.DefaultRequestHeaders.Add("Via", "1.1 proxy");
        using var response = await service.SendAsync(Service.Picture());
        (await Service.ProblemAsync(response)).Should().Be(
            (401, "This service has no API keys: it answers programs of its own machine only."));
    }

    [Fact]
    public async Task Keys_of_a_classifier_open_nothing_else_and_change_no_default_scheme()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => options.ApiKeys.Add(Key),
            builder => builder.Services.AddAuthentication().AddCookie("mine", options =>
            {
                options.Events.OnRedirectToLogin = context =>
                {
                    context.Response.StatusCode = StatusCodes.Status418ImATeapot;
                    return Task.CompletedTask;
                };
            }),
            app => app.MapGet("/members", () => "in").RequireAuthorization());
        service.Client.DefaultRequestHeaders.Add("X-Api-Key", Key);
        await service.ClassifyAsync(Service.Picture());
        (await service.Client.GetAsync("/members")).StatusCode.Should().Be((HttpStatusCode)StatusCodes.Status418ImATeapot);
    }

    [Fact]
    public async Task A_service_that_is_open_by_name_answers_everybody()
    {
        await using var service = await Service.StartAsync(networks.First, options => options.AllowAnonymous = true);
        service.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.1");
        await service.ClassifyAsync(Service.Picture());
    }

    [Fact]
    public async Task A_policy_of_the_application_takes_the_place_of_keys()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => options.AuthorizationPolicy = "members",
            builder => builder.Services.AddAuthorization(options => options.AddPolicy(
                "members", policy => policy.RequireAssertion(context => context.Resource is HttpContext http
                    && http.Request.Query.ContainsKey("count")))));
        await service.ClassifyAsync(Service.Picture(), "?count=1");
        using var refused = await service.SendAsync(Service.Picture());
        refused.IsSuccessStatusCode.Should().BeFalse();
    }

    [Fact]
    public async Task Several_classifiers_have_their_own_networks_and_keys()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => options.ApiKeys.Add(Key),
            builder => builder.Services.AddResNetClassifier(
                "second", networks.Second, options => options.ApiKeys.Add("another key of 20 characters")),
            app => app.MapResNetClassifier("/second", "second"));
        service.Client.DefaultRequestHeaders.Add("X-Api-Key", Key);
        (await service.Client.GetStringAsync("/classify")).Should().Contain("first@");
        (await service.Client.GetAsync("/second")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        service.Services.GetRequiredKeyedService<IImageClassifier>("second").Should()
            .NotBeSameAs(service.Services.GetRequiredService<IImageClassifier>());
        var answer = await service.Services.GetRequiredKeyedService<IImageClassifier>("second").ClassifyAsync(Service.Picture());
        answer.Model.Should().StartWith("second@");
    }
}
