namespace ResNet.AspNetCore.Http;

/// <summary>Names the classifier of an endpoint.</summary>
/// <param name="Value">The name; empty for the default classifier.</param>
internal sealed record ClassifierName(string Value);
