using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace Benchmarks.Training;

/// <summary>Batches that are ready for a network. Each batch is two tensor files in TorchSharp's format.</summary>
internal static class BatchFiles
{
    public static void Write(string folder, ImageLoader loader)
    {
        Directory.CreateDirectory(folder);
        foreach (var batch in loader.Epoch(0))
        {
            using var scope = NewDisposeScope();
            save(batch.ToInput(CPU).contiguous(), Images(folder, batch.Index));
            save(batch.Labels, Labels(folder, batch.Index));
        }
    }

    public static (Tensor Images, Tensor Labels) Read(string folder, int i) => (load(Images(folder, i)), load(Labels(folder, i)));

    private static string Images(string folder, int i) => Path.Combine(folder, $"{i}.images.dat");

    private static string Labels(string folder, int i) => Path.Combine(folder, $"{i}.labels.dat");
}
