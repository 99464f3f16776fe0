using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ResNet.AspNetCore.Tests.Http;

/// <summary>The OpenAPI document of an application describes its classifiers.</summary>
public sealed class DescriptionTests(Networks networks) : IClassFixture<Networks>
{
    [Fact]
    public async Task The_document_names_parameters_bodies_answers_and_refusals()
    {
        await using var service = await Service.StartAsync(
            networks.First, options => options.AdministratorPolicy = "administrators",
            builder =>
            {
                builder.Services.AddOpenApi();
                builder.Services.AddAuthorization(options =>
                    options.AddPolicy("administrators", policy => policy.RequireAssertion(_ => true)));
            },
            app => app.MapOpenApi());
        var document = JsonDocument.Parse(await service.Client.GetStringAsync("/openapi/v1.json")).RootElement;
        var paths = document.GetProperty("paths");
        paths.EnumerateObject().Select(path => path.Name).Should().BeEquivalentTo("/classify", "/classify/model");
        var post = paths.GetProperty("/classify").GetProperty("post");
        post.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString())
            .Should().Equal("count", "heatMap", "class");
        post.GetProperty("requestBody").GetProperty("content").EnumerateObject().Select(type => type.Name)
            .Should().Equal("image/*", "application/octet-stream", "multipart/form-data", "application/json");
        post.GetProperty("responses").EnumerateObject().Select(response => response.Name)
            .Should().BeEquivalentTo("200", "400", "401", "408", "413", "415", "422", "429", "503", "504");
        paths.GetProperty("/classify/model").GetProperty("put").GetProperty("operationId").GetString().Should().Be("takeOver");

        var named = document.GetProperty("components").GetProperty("schemas");
        // An answer has the properties that the document promises.
        var promised = post.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json")
            .GetProperty("schema");
        Check(await service.ClassifyAsync(Service.Picture(), "?heatMap=true"), promised);
        // Without keys, none is asked for.
        post.TryGetProperty("security", out _).Should().BeFalse();
        Required("ClassifierPicture").Should().BeEquivalentTo("name", "width", "height", "predictions");
        Required("ClassifierAnswer").Should().BeEquivalentTo("model", "pictures");
        named.EnumerateObject().Select(schema => schema.Name).Should().OnlyHaveUniqueItems();

        IEnumerable<string?> Required(string name) =>
            named.GetProperty(name).GetProperty("required").EnumerateArray().Select(property => property.GetString());

        void Check(JsonElement value, JsonElement schema)
        {
            if (schema.TryGetProperty("$ref", out var reference)) schema = named.GetProperty(reference.GetString()!.Split('/')[^1]);
            if (value.ValueKind == JsonValueKind.Array) Check(value[0], schema.GetProperty("items"));
            if (value.ValueKind != JsonValueKind.Object) return;
            var properties = schema.GetProperty("properties");
            value.EnumerateObject().Select(property => property.Name)
                .Should().BeEquivalentTo(properties.EnumerateObject().Select(property => property.Name));
            foreach (var property in value.EnumerateObject()) Check(property.Value, properties.GetProperty(property.Name));
        }
    }

    [Fact]
    public async Task Keys_are_a_security_scheme_of_the_classifier_that_has_them()
    {
        const string Header = "X-Api-Key";
        await using var service = await Service.StartAsync(
            networks.First, options => options.ApiKeys.Add("0123456789abcdef"),
            builder =>
            {
                builder.Services.AddOpenApi();
                builder.Services.AddResNetClassifier("open", networks.Second, options => options.AllowAnonymous = true);
            },
            app =>
            {
                app.MapOpenApi();
                app.MapResNetClassifier("/open", "open");
            });
        var document = JsonDocument.Parse(await service.Client.GetStringAsync("/openapi/v1.json")).RootElement;
        var scheme = document.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Single();
        scheme.Value.GetProperty("type").GetString().Should().Be("apiKey");
        scheme.Value.GetProperty("in").GetString().Should().Be("header");
        scheme.Value.GetProperty("name").GetString().Should().Be(Header);
        var paths = document.GetProperty("paths");
        foreach (string method in new[] { "get", "post" })
        {
            paths.GetProperty("/classify").GetProperty(method).GetProperty("security")[0].TryGetProperty(scheme.Name, out _)
                .Should().BeTrue();
            paths.GetProperty("/open").GetProperty(method).TryGetProperty("security", out _).Should().BeFalse();
        }
    }
}
