using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;
using ResNet.AspNetCore.Http.Requests;

namespace ResNet.AspNetCore.Http;

/// <summary>Describes the endpoints for the OpenAPI document of an application.</summary>
internal static class Description
{
    private static readonly (int Status, string When)[] s_refusals =
    [
        (400, "A parameter or the form cannot be used."), (401, "There is no API key, or an unknown one."),
        (408, "The request arrives too slowly."), (413, "A picture is larger than the limits, or there are too many."),
        (415, "The type of the request, or the format of a picture, is not accepted."),
        (422, "A picture is damaged, no picture, or has too many pixels."), (429, "All places are taken; see Retry-After."),
        (503, "The service stops, or has no network."), (504, "The answer takes too long."),
    ];

    private static readonly string[] s_heatMaps = ["false", "true", "png"];

    internal static IEndpointConventionBuilder DescribeClassify(this IEndpointConventionBuilder endpoint, Delegate handler, string name) =>
        Describe(endpoint, handler, operation =>
        {
            operation.OperationId = "classify" + Suffix(name);
            operation.Summary = "Classifies pictures";
            operation.Parameters =
            [
                Query(
                    Parameters.CountName, "The maximum number of classes of a picture.",
                    new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" }),
                Query(
                    Parameters.HeatMapName,
                    "Whether to answer where the network sees a class: in the JSON (true), or as a PNG in its place (png).",
                    new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. s_heatMaps.Select(value => (JsonNode)value)] }),
                Query(Parameters.ClassName, "The class of the heat map; the likeliest if there is none.", Text),
            ];
            var picture = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Description = "A picture, a form with pictures as files, or JSON with pictures in base64.",
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["image/*"] = new() { Schema = picture },
                    ["application/octet-stream"] = new() { Schema = picture },
                    ["multipart/form-data"] = new()
                    {
                        Schema = Object(
                            ("image", Array(picture)), (Parameters.CountName, Integer), (Parameters.HeatMapName, Text),
                            (Parameters.ClassName, Text)),
                    },
                    ["application/json"] = new()
                    {
                        Schema = Object(
                            ("image", Base64), ("images", Array(Base64)), (Parameters.CountName, Integer),
                            (Parameters.HeatMapName, Flag), (Parameters.ClassName, Text)),
                    },
                },
            };
            var area = Object(("left", Number), ("top", Number), ("width", Number), ("height", Number));
            var answer = Object(
                ("model", Text),
                ("pictures", Array(Object(
                    ("name", Text), ("width", Integer), ("height", Integer),
                    ("predictions", Array(Object(("class", Text), ("probability", Number)))),
                    ("heatMap", Object(("class", Text), ("probability", Number), ("area", area), ("uniform", Flag), ("png", Base64)))))));
            operation.Responses = Responses("The classes of each picture, likeliest first.", answer);
            ((OpenApiResponse)operation.Responses["200"]).Content!["image/png"] = new OpenApiMediaType { Schema = picture };
        });

    internal static IEndpointConventionBuilder DescribeModel(this IEndpointConventionBuilder endpoint, Delegate handler, string name) =>
        Describe(endpoint, handler, operation =>
        {
            operation.OperationId = "describeClassifier" + Suffix(name);
            operation.Summary = "Names the network and its classes";
            operation.Responses = Responses(
                "The network and its classes.",
                Object(
                    ("model", Text), ("width", Integer), ("height", Integer),
                    ("quantized", Flag), ("license", Text), ("classes", Array(Text))),
                401, 503);
        });

    internal static IEndpointConventionBuilder DescribeTakeOver(this IEndpointConventionBuilder endpoint, Delegate handler, string name) =>
        Describe(endpoint, handler, operation =>
        {
            operation.OperationId = "takeOver" + Suffix(name);
            operation.Summary = "Takes over another network without a restart";
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = Object(("run", Text)) } },
            };
            operation.Responses = Responses("The network that answers from now on.", Object(("model", Text)), 400, 401, 413, 422);
        });

    private static OpenApiSchema Text => new() { Type = JsonSchemaType.String };

    private static OpenApiSchema Number => new() { Type = JsonSchemaType.Number };

    private static OpenApiSchema Integer => new() { Type = JsonSchemaType.Integer };

    private static OpenApiSchema Flag => new() { Type = JsonSchemaType.Boolean };

    private static OpenApiSchema Base64 => new() { Type = JsonSchemaType.String, Format = "byte" };

    private static IEndpointConventionBuilder Describe(
        IEndpointConventionBuilder endpoint, Delegate handler, Action<OpenApiOperation> describe) =>
        // The document has the endpoints whose method is known.
        endpoint.WithMetadata(handler.GetMethodInfo()).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            describe(operation);
            return Task.CompletedTask;
        });

    private static string Suffix(string name) => name.Length == 0 ? "" : $"-{name}";

    private static OpenApiParameter Query(string name, string description, OpenApiSchema schema) =>
        new() { Name = name, In = ParameterLocation.Query, Description = description, Schema = schema };

    private static OpenApiSchema Object(params (string Name, OpenApiSchema Schema)[] properties) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = properties.ToDictionary(property => property.Name, property => (IOpenApiSchema)property.Schema),
    };

    private static OpenApiSchema Array(OpenApiSchema items) => new() { Type = JsonSchemaType.Array, Items = items };

    private static OpenApiResponses Responses(string when, OpenApiSchema answer, params int[] only)
    {
        var responses = new OpenApiResponses { ["200"] = Response(when, "application/json", answer) };
        var problem = Object(("title", Text), ("status", Integer), ("detail", Text));
        foreach (var (status, reason) in s_refusals.Where(refusal => only.Length == 0 || only.Contains(refusal.Status)))
            responses[FormattableString.Invariant($"{status}")] = Response(reason, Problem.ContentType, problem);
        return responses;
    }

    private static OpenApiResponse Response(string when, string type, OpenApiSchema schema) => new()
    {
        Description = when,
        Content = new Dictionary<string, OpenApiMediaType> { [type] = new() { Schema = schema } },
    };
}
