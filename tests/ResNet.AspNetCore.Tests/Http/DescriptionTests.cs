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

        // An answer has the properties that the document promises.
        var promised = post.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json")
            .GetProperty("schema");
        Check(await service.ClassifyAsync(Service.Picture(), "?heatMap=true"), promised);

        static void Check(JsonElement value, JsonElement schema)
        {
            if (value.ValueKind == JsonValueKind.Array) Check(value[0], schema.GetProperty("items"));
            if (value.ValueKind != JsonValueKind.Object) return;
            var properties = schema.GetProperty("properties");
            value.EnumerateObject().Select(property => property.Name)
                .Should().BeEquivalentTo(properties.EnumerateObject().Select(property => property.Name));
            foreach (var property in value.EnumerateObject()) Check(property.Value, properties.GetProperty(property.Name));
        }
    }
}
