using System.Diagnostics;
using System.Text.Json;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.DataLoading;

/// <summary>Our side of the comparison.</summary>
internal static class Loading
{
    /// <summary>
    /// Loads a folder or a pack once to warm up, then repeatedly for at least the given time, prints a JSON line, and continues
    /// for half of that time.
    /// </summary>
    public static void Measure(string data, string kind, int batch, int workers, double seconds)
    {
        var transforms = kind switch
        {
            "train" => Presets.Training(),
            "eval" => Presets.Evaluation(),
            "cifar" => Presets.SmallImageTraining(),
            _ => throw new ArgumentException($"The kind is '{kind}', but has to be train, eval or cifar."),
        };
        var options = new ImageLoaderOptions { BatchSize = batch, Workers = workers, Shuffle = kind != "eval" };
        using var pack = File.Exists(data) ? ImagePack.Open(data) : null;
        var loader = pack is null
            ? new ImageLoader(new ImageFolder(data).Samples, transforms, options)
            : new ImageLoader(pack, transforms, options);

        // Nothing else writes to this memory while a batch is in use.
        using var memory = empty([batch, transforms.Size.Height, transforms.Size.Width, options.Channels], ScalarType.Float32);
        double total = 0;
        foreach (var images in loader.Epoch(0))
        {
            using var input = images.ToInput(CPU, memory);
            using var mean = input.mean();
            total += mean.ToDouble() * images.Count;
        }
        double speed = Speed(loader, memory, seconds);
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = speed, check = total / loader.Images }));
        // The parent process measures the memory now.
        Speed(loader, memory, seconds / 2);
    }

    private static double Speed(ImageLoader loader, Tensor memory, double seconds)
    {
        long count = 0;
        var clock = Stopwatch.StartNew();
        for (int epoch = 1; clock.Elapsed.TotalSeconds < seconds; epoch++)
        {
            foreach (var images in loader.Epoch(epoch))
            {
                using var input = images.ToInput(CPU, memory);
                count += images.Count;
            }
        }
        return count / clock.Elapsed.TotalSeconds;
    }
}
