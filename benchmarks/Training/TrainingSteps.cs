using System.Diagnostics;
using System.Text.Json;
using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Training;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Packs;
using ResNet.Training.Distributed;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;

namespace Benchmarks.Training;

/// <summary>Our side of the comparison: the library's own trainer, as the console uses it.</summary>
internal static class TrainingSteps
{
    // More than fit into any requested time, but few enough to keep a loss for each step.
    private const int Endless = 100_000;

    /// <summary>
    /// Trains a few steps on the images in their order; both sides have to agree on the loss. Then continues for at least the given time,
    /// prints a JSON line, and continues for half of that time.
    /// </summary>
    public static void Measure(Job job, string data, string weights, double seconds)
    {
        NativeHeap.KeepFreedMemory();
        using var world = MpiCommunicator.IsLaunched ? MpiCommunicator.World : null;
        using var model = ResNets.Create(job.Network, job.Classes, job.Channels);
        model.LoadWeights(weights);
        using var pack = File.Exists(data) ? ImagePack.Open(data) : null;
        double check = Trainer(epochs: 1, shuffle: false, steps: job.CheckedSteps).Train(model).Epochs[0].TrainLoss;

        using var stop = new CancellationTokenSource();
        var endless = Trainer(epochs: Endless, shuffle: true);
        Stopwatch? clock = null;
        int epochs = 0;
        bool measured = false;
        endless.EpochCompleted += _ =>
        {
            // The first epoch warms up.
            clock ??= Stopwatch.StartNew();
            double elapsed = clock.Elapsed.TotalSeconds;
            if (!measured && elapsed >= seconds)
            {
                if (MpiCommunicator.IsFirst)
                    Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = (double)epochs * job.Images / elapsed, check }));
                measured = true;
            }
            epochs++;
            // The parent process measures the memory until then.
            if (measured && elapsed >= 1.5 * seconds) stop.Cancel();
        };
        endless.Train(model, cancellationToken: stop.Token);

        Trainer Trainer(int epochs, bool shuffle, long? steps = null)
        {
            var loader = pack is null
                ? Loader(job, new ImageFolder(data), shuffle)
                : new ImageLoader(pack, Transforms(job), LoaderOptions(job, shuffle));
            return new(loader, evaluation: null, Options(job, epochs) with { Steps = steps }, communicator: world);
        }
    }

    /// <summary>Loads the images of a folder, preprocessed for the network.</summary>
    internal static ImageLoader Loader(Job job, ImageFolder folder, bool shuffle) =>
        new(folder.Samples, Transforms(job), LoaderOptions(job, shuffle));

    private static Compose Transforms(Job job) => Augmentation.None.Transforms(job.ImageSize, job.ImageSize, job.Normalize);

    private static ImageLoaderOptions LoaderOptions(Job job, bool shuffle) =>
        new() { BatchSize = job.BatchSize, Channels = job.Channels, Shuffle = shuffle };

    private static TrainerOptions Options(Job job, int epochs) => new()
    {
        Epochs = epochs,
        Optimizer = new Sgd { LearningRate = job.LearningRate },
        Schedule = new ConstantSchedule(),
    };
}
