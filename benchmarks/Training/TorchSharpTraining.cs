using System.Diagnostics;
using System.Text.Json;
using ResNet.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Training;

/// <summary>
/// An ordinary TorchSharp training program: contiguous tensors, TorchSharp's own optimizer, a dispose scope for each step. The network
/// is TorchVision's, or ours if TorchVision does not have it.
/// </summary>
internal sealed class TorchSharpTraining : IDisposable
{
    private readonly nn.Module<Tensor, Tensor> _model;
    private readonly optim.Optimizer _optimizer;

    private TorchSharpTraining(Job job, string weights)
    {
        if (TorchVisionNetworks.Has(job.Network))
        {
            _model = TorchVisionNetworks.Create(job.Network, job.Classes);
        }
        else
        {
            var ours = ResNets.Create(job.Network, job.Classes);
            ours.TrainingEngine = TrainingEngine.Torch;
            _model = ours;
        }
        _model.load(weights);
        _model.train();
        _optimizer = optim.SGD(_model.parameters(), job.LearningRate, momentum: 0.9, weight_decay: 5e-4, nesterov: true);
    }

    /// <summary>
    /// Trains a few steps on the batches in their order; all sides have to agree on the loss. Then trains on the first batch for at least
    /// the given time, prints a JSON line, and continues for half of that time.
    /// </summary>
    /// <param name="job">The training job.</param>
    /// <param name="batches">The folder that <see cref="BatchFiles"/> has written.</param>
    /// <param name="weights">A file that TorchSharp's <c>module.save</c> could have written.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    public static void Measure(Job job, string batches, string weights, double seconds)
    {
        set_num_threads(Environment.ProcessorCount);
        using var training = new TorchSharpTraining(job, weights);
        double total = 0;
        for (int i = 0; i < job.CheckedSteps; i++)
        {
            using var scope = NewDisposeScope();
            var (batch, answers) = BatchFiles.Read(batches, i);
            total += training.Step(batch, answers);
        }
        var (images, labels) = BatchFiles.Read(batches, 0);
        training.Step(images, labels);
        double speed = training.Speed(images, labels, seconds);
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = speed, check = total / job.CheckedSteps }));
        // The parent process measures the memory now.
        training.Speed(images, labels, seconds / 2);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
    }

    private double Step(Tensor images, Tensor labels)
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var loss = nn.functional.cross_entropy(_model.call(images), labels, label_smoothing: 0.1);
        loss.backward();
        _optimizer.step();
        return loss.ToDouble();
    }

    private double Speed(Tensor images, Tensor labels, double seconds)
    {
        long count = 0;
        var clock = Stopwatch.StartNew();
        for (; clock.Elapsed.TotalSeconds < seconds; count += images.size(0)) Step(images, labels);
        return count / clock.Elapsed.TotalSeconds;
    }
}
