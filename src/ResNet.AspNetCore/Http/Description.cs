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

    internal static IEndpointConventionBuilder DescribeClassify(
        this IEndpointConventionBuilder endpoint, Delegate handler, string name, bool needsKey) =>
        Describe(endpoint, handler, needsKey, (operation, schemas) =>
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
                Query(Parameters.ClassName, "The class of the heat map; the likeliest if there is none.", Schemas.Text),
            ];
            operation.RequestBody = Pictures(schemas);
            operation.Responses = Responses(schemas, "The classes of each picture, likeliest first.", Answer(schemas));
            ((OpenApiResponse)operation.Responses["200"]).Content!["image/png"] = new OpenApiMediaType { Schema = Schemas.Picture };
        });

    internal static IEndpointConventionBuilder DescribeModel(
        this IEndpointConventionBuilder endpoint, Delegate handler, string name, bool needsKey) =>
        Describe(endpoint, handler, needsKey, (operation, schemas) =>
        {
            operation.OperationId = "describeClassifier" + Suffix(name);
            operation.Summary = "Names the network and its classes";
            var network = schemas.Named(
                "ClassifierNetwork", ("model", Schemas.Text), ("width", Schemas.Integer), ("height", Schemas.Integer),
                ("quantized", Schemas.Flag), ("license?", Schemas.Text), ("classes", Schemas.Array(Schemas.Text)));
            operation.Responses = Responses(schemas, "The network and its classes.", network, 401, 503);
        });

    internal static IEndpointConventionBuilder DescribeTakeOver(
        this IEndpointConventionBuilder endpoint, Delegate handler, string name) =>
        Describe(endpoint, handler, needsKey: false, (operation, schemas) =>
        {
            operation.OperationId = "takeOver" + Suffix(name);
            operation.Summary = "Takes over another network without a restart";
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new() { Schema = schemas.Named("ClassifierRun", ("run", Schemas.Text)) },
                },
            };
            var answer = schemas.Named("ClassifierTakenOver", ("model", Schemas.Text));
            operation.Responses = Responses(schemas, "The network that answers from now on.", answer, 400, 401, 413, 422);
        });

    private static IEndpointConventionBuilder Describe(
        IEndpointConventionBuilder endpoint, Delegate handler, bool needsKey, Action<OpenApiOperation, Schemas> describe) =>
        // The document has the endpoints whose method is known.
        endpoint.WithMetadata(handler.GetMethodInfo()).AddOpenApiOperationTransformer((operation, context, _) =>
        {
            var schemas = new Schemas(context.Document!);
            describe(operation, schemas);
            if (needsKey) operation.Security = [schemas.ApiKey()];
            return Task.CompletedTask;
        });

    private static string Suffix(string name) => name.Length == 0 ? "" : $"-{name}";

    private static OpenApiParameter Query(string name, string description, OpenApiSchema schema) =>
        new() { Name = name, In = ParameterLocation.Query, Description = description, Schema = schema };

    private static OpenApiRequestBody Pictures(Schemas schemas) => new()
    {
        Required = true,
        Description = "A picture, a form with pictures as files, or JSON with pictures in base64.",
        Content = new Dictionary<string, OpenApiMediaType>
        {
            ["image/*"] = new() { Schema = Schemas.Picture },
            ["application/octet-stream"] = new() { Schema = Schemas.Picture },
            ["multipart/form-data"] = new()
            {
                Schema = schemas.Named(
                    "ClassifierForm", ("image", Schemas.Array(Schemas.Picture)), ($"{Parameters.CountName}?", Schemas.Integer),
                    ($"{Parameters.HeatMapName}?", Schemas.Text), ($"{Parameters.ClassName}?", Schemas.Text)),
            },
            ["application/json"] = new()
            {
                Schema = schemas.Named(
                    "ClassifierJson", ("image?", Schemas.Base64), ("images?", Schemas.Array(Schemas.Base64)),
                    ($"{Parameters.CountName}?", Schemas.Integer), ($"{Parameters.HeatMapName}?", Schemas.Flag),
                    ($"{Parameters.ClassName}?", Schemas.Text)),
            },
        },
    };

    private static IOpenApiSchema Answer(Schemas schemas)
    {
        // Damaged weights can give what JSON has no number for.
        var probability = new OpenApiSchema { Type = JsonSchemaType.Number | JsonSchemaType.Null };
        var area = schemas.Named(
            "ClassifierArea", ("left", Schemas.Number), ("top", Schemas.Number), ("width", Schemas.Number), ("height", Schemas.Number));
        var map = schemas.Named(
            "ClassifierHeatMap", ("class", Schemas.Text), ("probability", probability), ("area", area), ("uniform", Schemas.Flag),
            ("png", Schemas.Base64));
        var prediction = schemas.Named("ClassifierPrediction", ("class", Schemas.Text), ("probability", probability));
        var picture = schemas.Named(
            "ClassifierPicture", ("name", Schemas.Text), ("width", Schemas.Integer), ("height", Schemas.Integer),
            ("predictions", Schemas.Array(prediction)), ("heatMap?", map));
        return schemas.Named("ClassifierAnswer", ("model", Schemas.Text), ("pictures", Schemas.Array(picture)));
    }

    private static OpenApiResponses Responses(Schemas schemas, string when, IOpenApiSchema answer, params int[] only)
    {
        var responses = new OpenApiResponses { ["200"] = Response(when, "application/json", answer) };
        var problem = schemas.Named(
            "ClassifierProblem", ("title", Schemas.Text), ("status", Schemas.Integer), ("detail", Schemas.Text));
        foreach (var (status, reason) in s_refusals.Where(refusal => only.Length == 0 || only.Contains(refusal.Status)))
            responses[FormattableString.Invariant($"{status}")] = Response(reason, Problem.ContentType, problem);
        return responses;
    }

    private static OpenApiResponse Response(string when, string type, IOpenApiSchema schema) => new()
    {
        Description = when,
        Content = new Dictionary<string, OpenApiMediaType> { [type] = new() { Schema = schema } },
    };
}
