namespace ResNet.Core;

/// <summary>A publication.</summary>
/// <param name="Citation">Authors, title and year.</param>
/// <param name="Address">Its web address.</param>
public sealed record Paper(string Citation, Uri Address);
