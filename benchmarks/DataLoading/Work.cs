namespace Benchmarks.DataLoading;

/// <summary>One kind of loading, on both sides.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Kind">Its name on the command line.</param>
/// <param name="Folder">What torchvision reads, and we do where there is no pack.</param>
/// <param name="Pack">What we read in its place.</param>
/// <param name="Batch">Images of a batch.</param>
internal sealed record Work(string Name, string Kind, string Folder, string? Pack, int Batch);
