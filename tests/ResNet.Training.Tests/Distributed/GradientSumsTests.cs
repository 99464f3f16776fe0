using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Distributed;
using ResNet.Training.Loading;
using ResNet.Training.Optimization;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Distributed;

/// <summary>Gradients are summed in parts while the earlier layers are computed.</summary>
public sealed class GradientSumsTests : IDisposable
{
    private const int Processes = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples;

    public GradientSumsTests() => _samples = GreyPictures.Write(_folder.Path, count: 48, brighter: 60, noise: 150);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_gradient_is_summed_once_and_most_before_the_backward_pass_ends()
    {
        var runs = Train(new() { Steps = 3 });
        foreach (var run in runs)
        {
            run.Parts.Should().HaveCountGreaterThan(3 * 5, "resnet18 has 11 million weights");
            run.Parts.Sum().Should().Be(3 * run.Gradients);
            // Of layer4, which is most of the network.
            run.PartsDuringBackward.Sum().Should().BeGreaterThan(3 * run.Gradients * 7 / 10);
        }
        runs[1].Parts.Should().Equal(runs[0].Parts);
        runs[1].Weights.Should().Equal(runs[0].Weights);
    }

    // A part that began before its gradients were complete would have other sums.
    [Fact]
    public void Sums_that_travel_meanwhile_have_the_bits_of_sums_at_the_end()
    {
        var options = new TrainerOptions { Steps = 3, Optimizer = new Sgd { LearningRate = 0.02 } };
        var atOnce = Train(options);
        var atEnd = Train(options, waits: true);
        atOnce[0].PartsDuringBackward.Should().NotBeEmpty();
        atEnd[0].Weights.Should().Equal(atOnce[0].Weights);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public void The_sums_are_those_after_the_backward_pass(int batches, bool unreadable)
    {
        // One process has few images of the batch, or none.
        if (unreadable) foreach (var sample in _samples.Where((_, i) => i % 8 > 2)) File.WriteAllText(sample.Path, "no picture");
        var options = new TrainerOptions
        {
            Steps = 1, AccumulateBatches = batches, Optimizer = new Sgd { LearningRate = 1, Momentum = 0, WeightDecay = 0 },
        };
        var kernels = Train(options);
        kernels[1].Weights.Should().Equal(kernels[0].Weights);
        (kernels[0].PartsDuringBackward.Count > 0).Should().Be(batches == 1);
        // libtorch's gradients are summed when all are there.
        var torch = Train(options with { Engine = TrainingEngine.Torch });
        torch[0].PartsDuringBackward.Should().BeEmpty();
        kernels[0].Losses[0].Should().BeApproximately(torch[0].Losses[0], 1e-4);
        // In single precision, the first gradients of small batches differ by a few hundredths; a part that is missing is a third or more.
        Deviation(kernels[0], torch[0]).Should().BeLessThan(0.1);
    }

    [Fact]
    public void With_synchronized_norms_kernels_compute_the_step_of_one_process()
    {
        var options = new TrainerOptions { Steps = 1, Optimizer = new Sgd { LearningRate = 1, Momentum = 0, WeightDecay = 0 } };
        var alone = Train(null, options);
        var synchronized = Train(options with { SynchronizedNorms = true });
        synchronized[1].Weights.Should().Equal(synchronized[0].Weights);
        synchronized[0].Losses[0].Should().BeApproximately(alone.Losses[0], 1e-5);
        Deviation(synchronized[0], alone).Should().BeLessThan(0.1);
        // Otherwise the statistics are of other images.
        Deviation(Train(options)[0], alone).Should().BeGreaterThan(0.2);
    }

    // Of the change of the weights.
    private static double Deviation(Run run, Run reference)
    {
        var deviations = run.Weights.Zip(reference.Weights, (ours, theirs) => ours - theirs);
        var steps = reference.Weights.Zip(Initial(), (after, before) => after - before);
        return Norm(deviations) / Norm(steps);

        static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));
    }

    private Run[] Train(TrainerOptions options, bool waits = false) => ThreadCommunicator.Run(
        Processes, communicator => Train(new ListeningCommunicator(communicator, waits), options));

    private Run Train(ListeningCommunicator? communicator, TrainerOptions options)
    {
        using var model = Create();
        if (communicator is not null) model.WorkComputed += _ => communicator.Hear();
        var images = new ImageLoader(_samples, new Compose(new CenterCrop(96), Normalize.Grey), new ImageLoaderOptions
        {
            BatchSize = 16, Channels = 1, Shuffle = true, Seed = 5, Workers = 1, OnUnreadableImage = OnUnreadableImage.Skip,
        });
        var trainer = new Trainer(images, null, options, communicator: communicator);
        trainer.Train(model);
        long gradients = model.parameters().Sum(parameter => (parameter.numel() + 31) / 32 * 32);
        return new Run(
            communicator?.Parts ?? [], communicator?.PartsDuringBackward ?? [], gradients, WeightsOf(model),
            [.. trainer.History.Select(step => step.Loss)]);
    }

    private static double[] Initial()
    {
        using var model = Create();
        return WeightsOf(model);
    }

    private static double[] WeightsOf(ResNetModel model)
    {
        using var scope = NewDisposeScope();
        return [.. model.parameters().SelectMany(tensor => tensor.detach().to(ScalarType.Float64).data<double>().ToArray())];
    }

    private static ResNetModel Create() => SeededNetworks.Create("resnet18", classes: 2);

    private sealed record Run(
        List<long> Parts, List<long> PartsDuringBackward, long Gradients, double[] Weights, double[] Losses);

    // Sums at once, or waits for the end of the step.
    private sealed class ListeningCommunicator(ICommunicator others, bool waits) : ICommunicator
    {
        private readonly List<Tensor> _begun = [];
        private int _waiting;

        public List<long> Parts { get; } = [];

        public List<long> PartsDuringBackward { get; } = [];

        public int Rank => others.Rank;

        public int Size => others.Size;

        public void Hear()
        {
            // Parts that began before this work was computed.
            for (; _waiting > 0; _waiting--) PartsDuringBackward.Add(Parts[^_waiting]);
        }

        public void Sum(Tensor tensor) => others.Sum(tensor);

        public void BeginSum(Tensor tensor)
        {
            Parts.Add(tensor.numel());
            _waiting++;
            if (waits) _begun.Add(tensor);
            else others.Sum(tensor);
        }

        public void EndSums()
        {
            _begun.ForEach(others.Sum);
            _begun.Clear();
            // At the end of the step, no work of the pass follows.
            _waiting = 0;
        }

        public void Broadcast(Tensor tensor) => others.Broadcast(tensor);

        public void Barrier() => others.Barrier();
    }
}
