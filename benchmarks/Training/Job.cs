using ResNet.Imaging.Transforms;

namespace Benchmarks.Training;

/// <summary>A training job that all sides run.</summary>
/// <param name="Key">Its name on the command line.</param>
/// <param name="Name">Its name in the table.</param>
/// <param name="Network">The network.</param>
/// <param name="Classes">Outputs of the network.</param>
/// <param name="Channels">Channels of the images.</param>
/// <param name="ImageSize">Their height and width.</param>
/// <param name="BatchSize">Images of a step.</param>
/// <param name="Batches">Steps of an epoch.</param>
/// <param name="Decodes">
/// Whether the job includes reading and decoding the files. If not, the others' input is ready, and our side takes pixels from a pack.
/// </param>
/// <param name="LearningRate">The learning rate of all sides.</param>
internal sealed record Job(
    string Key, string Name, string Network, int Classes, int Channels, int ImageSize, int BatchSize, int Batches, bool Decodes,
    double LearningRate = 0.01)
{
    public static IReadOnlyList<Job> All { get; } =
    [
        new("resnet18", "training step, resnet18, 224×224, batch 16", "resnet18", 1000, 3, 224, BatchSize: 16, Batches: 2, Decodes: false),
        // With new weights, 50 layers make rounding errors a hundred times as large in a step with the other jobs' learning rate.
        new("resnet50", "training step, resnet50, 224×224, batch 8", "resnet50", 1000, 3, 224, BatchSize: 8, Batches: 2, Decodes: false,
            LearningRate: 1e-4),
        new("resnet20", "training step, resnet20, 32×32, batch 128", "resnet20", 10, 3, 32, BatchSize: 128, Batches: 4, Decodes: false),
        new("fashion-mnist", "epoch of Fashion-MNIST, resnet18, 28×28, batch 128, decoding included",
            "resnet18", 10, 1, 28, BatchSize: 128, Batches: 30, Decodes: true),
    ];

    /// <summary>The jobs of several processes: with fewer images, much of a step is the sum of the gradients.</summary>
    public static IReadOnlyList<Job> Divided { get; } =
    [
        new("resnet18-64", "resnet18, 224×224, batch 64", "resnet18", 1000, 3, 224, BatchSize: 64, Batches: 2, Decodes: false),
        new("resnet20-128", "resnet20, 32×32, batch 128", "resnet20", 10, 3, 32, BatchSize: 128, Batches: 10, Decodes: false),
    ];

    // Differences in rounding grow from step to step, most of all on images in the order of their classes.
    private const int MostCheckedSteps = 3;

    /// <summary>The number of first steps. All sides have to agree on their mean loss.</summary>
    public int CheckedSteps => Math.Min(MostCheckedSteps, Batches);

    /// <summary>Images of an epoch.</summary>
    public int Images => BatchSize * Batches;

    public Normalize Normalize => Channels == 1 ? Normalize.FashionMnist : Normalize.ImageNet;

    /// <exception cref="ArgumentException">There is no job with this key.</exception>
    public static Job Find(string key) => All.Concat(Divided).FirstOrDefault(job => job.Key == key)
        ?? throw new ArgumentException($"There is no job '{key}': give {string.Join(", ", All.Select(job => job.Key))}.");
}
