namespace ResNet.Core;

/// <summary>A publication.</summary>
/// <param name="Citation">Authors, title and year.</param>
/// <param name="Address">Where it can be read.</param>
public sealed record Paper(string Citation, Uri Address);
