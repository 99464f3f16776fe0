namespace Benchmarks.DataLoading;

/// <summary>A kind of loading that both sides run.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Kind">Its name on the command line.</param>
/// <param name="Folder">The folder that torchvision reads; our side reads it too if there is no pack.</param>
/// <param name="Pack">The pack that our side reads instead of the folder.</param>
/// <param name="Batch">Images of a batch.</param>
internal sealed record Work(string Name, string Kind, string Folder, string? Pack, int Batch);
