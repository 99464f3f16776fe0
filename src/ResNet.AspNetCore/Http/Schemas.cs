using Microsoft.OpenApi;
using ResNet.AspNetCore.Security;

namespace ResNet.AspNetCore.Http;

/// <summary>The schemas of an OpenAPI document. Objects have names, by which generators of clients call their types.</summary>
internal sealed class Schemas(OpenApiDocument document)
{
    private const char Optional = '?';

    internal static OpenApiSchema Text => new() { Type = JsonSchemaType.String };

    internal static OpenApiSchema Number => new() { Type = JsonSchemaType.Number };

    internal static OpenApiSchema Integer => new() { Type = JsonSchemaType.Integer };

    internal static OpenApiSchema Flag => new() { Type = JsonSchemaType.Boolean };

    internal static OpenApiSchema Base64 => new() { Type = JsonSchemaType.String, Format = "byte" };

    internal static OpenApiSchema Picture => new() { Type = JsonSchemaType.String, Format = "binary" };

    internal static OpenApiSchema Array(IOpenApiSchema items) => new() { Type = JsonSchemaType.Array, Items = items };

    /// <summary>Adds an object to the document, once for all classifiers, and refers to it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="properties">The properties; a name that ends in a question mark is of one that may be missing.</param>
    internal IOpenApiSchema Named(string name, params (string Name, IOpenApiSchema Schema)[] properties)
    {
        document.AddComponent(name, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = properties.ToDictionary(property => property.Name.TrimEnd(Optional), property => property.Schema),
            Required = properties.Select(property => property.Name).Where(property => !property.EndsWith(Optional)).ToHashSet(),
        });
        return new OpenApiSchemaReference(name, document);
    }

    /// <summary>Says that a request needs an API key.</summary>
    internal OpenApiSecurityRequirement ApiKey()
    {
        document.AddComponent(ApiKeyHandler.Scheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = ClassifierKeys.Header,
        });
        return new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ApiKeyHandler.Scheme, document)] = [] };
    }
}
