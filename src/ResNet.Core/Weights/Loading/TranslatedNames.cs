namespace ResNet.Core.Weights.Loading;

/// <summary>The names of a file's tensors, translated into those of a network.</summary>
/// <param name="Prefix">What all translated names begin with in the file; empty if they begin with nothing else.</param>
/// <param name="Pairs">The file's names with the network's names for them; names outside of the prefix are left out.</param>
internal sealed record TranslatedNames(string Prefix, List<(string Stored, string Name)> Pairs);
