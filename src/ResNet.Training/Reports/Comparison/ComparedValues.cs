namespace ResNet.Training.Reports.Comparison;

/// <summary>A row of a comparison.</summary>
/// <param name="Name">The compared quantity.</param>
/// <param name="Values">One value for each run, in their order; a dash if there is none.</param>
public sealed record ComparedValues(string Name, IReadOnlyList<string> Values);
