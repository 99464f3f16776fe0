using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Distributed;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Distributed;

/// <summary>A run is the same whatever the number of processes.</summary>
public sealed class SameRunTests : IDisposable
{
    private const int Steps = 50;

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples;

    public SameRunTests() => _samples = GreyPictures.Write(_folder.Path, count: 60, brighter: 60, noise: 150);

    public void Dispose() => _folder.Dispose();

    // Group norms, whose statistics are an image's own, make all images independent of each other.
    [Theory]
    [InlineData("plain")]
    [InlineData("weighted")]
    [InlineData("focal")]
    [InlineData("accumulated")]
    [InlineData("mixed")]
    [InlineData("mixed and weighted")]
    [InlineData("synchronized")]
    [InlineData("synchronized and accumulated")]
    public void Loss_curves_are_the_same_but_for_rounding(string kind)
    {
        var options = new TrainerOptions { Steps = Steps, Optimizer = new Sgd { LearningRate = 0.05 }, LabelSmoothing = 0.1, ClipNorm = 1 };
        options = kind switch
        {
            "weighted" => options with { ClassWeights = [0.3, 2] },
            "focal" => options with { ClassWeights = [0.3, 2], FocalGamma = 2 },
            "mixed" => options with { Mixing = new RandomChoice(new Mixup(p: 1, 0.8), new CutMix(p: 1, 1)) },
            "mixed and weighted" => options with { ClassWeights = [0.3, 2], Mixing = new Mixup(p: 0.5, 0.4) },
            "accumulated" => options with { AccumulateBatches = 2 },
            "synchronized" => options with { SynchronizedNorms = true },
            "synchronized and accumulated" => options with { SynchronizedNorms = true, AccumulateBatches = 2 },
            _ => options,
        };
        var norm = options.SynchronizedNorms ? Norm.Batch : null;
        var alone = Train(null, options, _samples, norm);
        alone.Losses.Should().HaveCount(Steps).And.OnlyHaveUniqueItems();
        foreach (int size in new[] { 2, 4 })
        {
            foreach (var run in ThreadCommunicator.Run(size, communicator => Train(communicator, options, _samples, norm)))
            {
                for (int i = 0; i < Steps; i++)
                    run.Losses[i].Should().BeApproximately(alone.Losses[i], 1e-5 * alone.Losses[i], "step {0} of {1} processes", i, size);
                run.TrainTop1.Should().Be(alone.TrainTop1);
                run.Top1.Should().BeApproximately(alone.Top1, 1e-9);
                run.Weights.Zip(alone.Weights).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeLessThan(1e-6);
            }
        }
    }

    [Fact]
    public void All_processes_end_with_the_same_bits_and_a_run_repeats()
    {
        // The norms' statistics are of each process's own images, and those of the first one are taken.
        var first = ThreadCommunicator.Run(2, communicator => Train(communicator, new() { Epochs = 2 }, _samples, Norm.Batch));
        first[1].Weights.Should().Equal(first[0].Weights);
        first[1].Top1.Should().Be(first[0].Top1);
        var second = ThreadCommunicator.Run(2, communicator => Train(communicator, new() { Epochs = 2 }, _samples, Norm.Batch));
        second[0].Weights.Should().Equal(first[0].Weights);
    }

    // With synchronized norms, processes without an image take part in the sums.
    [Theory]
    [InlineData(3, false, false)]
    [InlineData(3, true, false)]
    [InlineData(1, true, false)]
    [InlineData(3, false, true)]
    [InlineData(1, false, true)]
    [InlineData(1, true, true)]
    public void Unreadable_images_are_missing_in_the_same_batches(int every, bool synchronized, bool mixed)
    {
        // Both halves of a batch and single images; or most images.
        for (int i = 0; i < _samples.Count; i++)
            if (every == 1 ? i % 5 > 0 : i % every == 0) File.WriteAllText(_samples[i].Path, "no picture");
        var options = new TrainerOptions
        {
            Steps = 20, Optimizer = new Sgd { LearningRate = 0.05 }, SynchronizedNorms = synchronized,
            Mixing = mixed ? new CutMix(p: 1, 1) : null,
        };
        var norm = synchronized ? Norm.Batch : null;
        var alone = Train(null, options, _samples, norm);
        alone.Losses.Should().HaveCountGreaterThan(15);
        foreach (var run in ThreadCommunicator.Run(4, communicator => Train(communicator, options, _samples, norm)))
            run.Losses.Zip(alone.Losses).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeLessThan(1e-5);
    }

    [Fact]
    public void Batches_without_any_readable_image_are_left_out_in_all_processes()
    {
        for (int i = 0; i < _samples.Count; i++) if (i % 10 > 1) File.WriteAllText(_samples[i].Path, "no picture");
        var options = new TrainerOptions { Epochs = 3, Optimizer = new Sgd { LearningRate = 0.05 } };
        var alone = Train(null, options, _samples, batch: 4);
        alone.Losses.Length.Should().BeInRange(10, 40, "there are 45 batches, of which some are empty");
        foreach (var run in ThreadCommunicator.Run(4, communicator => Train(communicator, options, _samples, batch: 4)))
        {
            run.Losses.Should().HaveSameCount(alone.Losses);
            run.Losses.Zip(alone.Losses).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeLessThan(1e-5);
        }
    }

    [Fact]
    public void All_skipped_images_are_counted()
    {
        for (int i = 0; i < 12; i++) File.WriteAllText(_samples[i].Path, "no picture");
        var counts = ThreadCommunicator.Run(2, communicator =>
        {
            using var model = Create();
            var images = Loader(_samples);
            new Trainer(images, null, new() { Epochs = 2 }, communicator: communicator).Train(model);
            return images.SkippedImages;
        });
        counts.Should().AllBeEquivalentTo(24);
    }

    [Fact]
    public void Images_that_no_batch_norm_can_normalise_are_left_out_where_they_are()
    {
        for (int i = 0; i < _samples.Count; i += 4) File.WriteAllText(_samples[i].Path, "no picture");
        // Five stages leave one pixel; a share is two images, and often one.
        var runs = ThreadCommunicator.Run(
            2, communicator => Train(communicator, new() { Epochs = 1 }, _samples, Norm.Batch, batch: 4, stages: 5));
        runs[1].Weights.Should().Equal(runs[0].Weights);
        runs[0].Losses.Should().HaveCountGreaterThan(10).And.OnlyContain(loss => double.IsFinite(loss));
        Action single = () => ThreadCommunicator.Run(
            4, communicator => Train(communicator, new() { Epochs = 1 }, _samples, Norm.Batch, batch: 4, stages: 5));
        single.Should().Throw<InvalidOptionException>("a share is one image");
    }

    [Fact]
    public void An_epoch_without_any_readable_image_is_refused()
    {
        foreach (var sample in _samples) File.WriteAllText(sample.Path, "no picture");
        Action train = () => ThreadCommunicator.Run(2, communicator => Train(communicator, new() { Steps = 3 }, _samples));
        train.Should().Throw<DatasetException>().WithMessage("None of the 60 images can be read; *");
    }

    [Fact]
    public void A_stopped_run_is_stopped_in_all_processes_and_goes_on_with_another_number()
    {
        var options = new TrainerOptions
        {
            Steps = 30, Optimizer = new Sgd { LearningRate = 0.05 },
            Checkpoints = new CheckpointOptions { Folder = _folder.File("checkpoints") },
        };
        var alone = Train(null, options with { Checkpoints = null }, _samples);
        var stopped = ThreadCommunicator.Run(2, communicator => Train(communicator, options, _samples, stopAfter: 7));
        stopped.Should().AllSatisfy(run => run.Interrupted.Should().BeTrue());
        stopped[1].Learned.Should().Be(stopped[0].Learned).And.BeInRange(7, 8);
        foreach (var run in ThreadCommunicator.Run(4, communicator => Train(communicator, options, _samples, resume: true)))
        {
            run.Learned.Should().Be(30);
            run.Losses.Zip(alone.Losses).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeLessThan(1e-5);
        }
    }

    [Fact]
    public void Processes_that_resume_at_different_places_are_refused()
    {
        var options = new TrainerOptions { Steps = 10, Checkpoints = new CheckpointOptions { Folder = _folder.File("first") } };
        ThreadCommunicator.Run(2, communicator => Train(communicator, options, _samples, stopAfter: 4));
        Action resume = () => ThreadCommunicator.Run(2, communicator =>
        {
            // The other process does not see the checkpoints.
            string folder = _folder.File(communicator.Rank == 0 ? "first" : "second");
            return Train(
                communicator, options with { Checkpoints = new CheckpointOptions { Folder = folder } }, _samples, resume: true);
        });
        resume.Should().Throw<CheckpointException>().WithMessage("*is not the same for all processes: *");
    }

    [Fact]
    public void Processes_with_other_images_options_or_networks_are_refused()
    {
        var options = new TrainerOptions { Steps = 3 };
        Refused("the training images", communicator =>
            Train(communicator, options, communicator.Rank == 0 ? _samples : [.. _samples.AsEnumerable().Reverse()]));
        Refused("TrainerOptions.LabelSmoothing", communicator =>
            Train(communicator, options with { LabelSmoothing = 0.1 * communicator.Rank }, _samples));
        Refused("the network", communicator => Train(communicator, options, _samples, stages: 2 + communicator.Rank));

        static void Refused(string different, Func<ICommunicator, Run> train)
        {
            Action run = () => ThreadCommunicator.Run(2, train);
            run.Should().Throw<DatasetException>().WithMessage(
                $"The processes differ in {different}: give all of them the same images, options and network.");
        }
    }

    [Fact]
    public void Custom_norms_cannot_be_synchronized()
    {
        var options = new TrainerOptions { Steps = 3, SynchronizedNorms = true };
        var norm = Norm.From(channels => nn.BatchNorm2d(channels, dtype: ScalarType.Float64));
        Action run = () => ThreadCommunicator.Run(2, communicator => Train(communicator, options, _samples, norm));
        run.Should().Throw<InvalidOptionException>()
            .WithMessage("TrainerOptions.SynchronizedNorms is *, but has to be false for a network with Norm.From.");
    }

    [Fact]
    public void A_single_pixel_that_is_left_of_a_batch_is_left_out_with_synchronized_norms()
    {
        for (int i = 0; i < _samples.Count; i++) if (i % 4 > 0) File.WriteAllText(_samples[i].Path, "no picture");
        var options = new TrainerOptions { Epochs = 3, SynchronizedNorms = true };
        // Five stages leave one pixel.
        var runs = ThreadCommunicator.Run(
            2, communicator => Train(communicator, options, _samples, Norm.Batch, batch: 4, stages: 5));
        runs[0].Weights.Should().OnlyContain(weight => double.IsFinite(weight));
        runs[1].Weights.Should().Equal(runs[0].Weights);
    }

    [Fact]
    public void What_cannot_be_divided_is_refused()
    {
        Refusal(new() { BatchSize = 10 }).Should().Be(
            "ImageLoaderOptions.BatchSize is 10, but has to be a multiple of 4, the number of processes.");
        Refusal(new() { BatchSize = 8, Shuffle = false }).Should().StartWith("ImageLoaderOptions.Shuffle is false, but has to be true");

        string Refusal(ImageLoaderOptions loader)
        {
            Func<Trainer> make = () => ThreadCommunicator.Run(4, communicator => new Trainer(
                Loader(_samples, loader with { Shuffle = loader.BatchSize != 8, Channels = 1 }),
                evaluation: null, new(), communicator: communicator))[0];
            return make.Should().Throw<InvalidOptionException>().Which.Message;
        }
    }

    private static ImageLoader Loader(List<ImageSample> samples, ImageLoaderOptions? options = null, int batch = 12) => new(
        samples, new Compose(new RandomHorizontalFlip(), new CenterCrop(16), Normalize.Grey), options ?? new()
        {
            BatchSize = batch, Channels = 1, Shuffle = true, Seed = 5, OnUnreadableImage = OnUnreadableImage.Skip,
        });

    // Every process draws the same weights.
    private static ResNetModel Create(Norm? norm = null, int stages = 2)
    {
        var model = new ResNetModel(new ResNetOptions
        {
            StageDepths = [.. Enumerable.Repeat(1, stages)], StageWidths = [.. Enumerable.Range(0, stages).Select(stage => 8 << stage)],
            Stem = StemKind.Cifar, Classes = 2, InputChannels = 1, Norm = norm ?? Norm.Group(4), DType = ScalarType.Float64,
        });
        using var untracked = no_grad();
        using var random = new Generator(3);
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (parameter.ndim > 1) parameter.copy_(randn(parameter.shape, ScalarType.Float64, generator: random).mul_(0.1));
            else if (name.EndsWith("bias", StringComparison.Ordinal)) parameter.zero_();
        }
        return model;
    }

    private static Run Train(
        ICommunicator? communicator, TrainerOptions options, List<ImageSample> samples, Norm? norm = null, int? stopAfter = null,
        bool resume = false, int batch = 12, int stages = 2)
    {
        using var model = Create(norm, stages);
        var evaluation = new ImageLoader(
            samples, Presets.Evaluation(16, 16, Normalize.Grey),
            new ImageLoaderOptions { BatchSize = 12, Channels = 1, OnUnreadableImage = OnUnreadableImage.Skip });
        var trainer = new Trainer(Loader(samples, batch: batch), evaluation, options, communicator: communicator);
        using var stop = new CancellationTokenSource();
        // One process alone is asked to stop.
        if (stopAfter is { } after && communicator!.Rank == 1)
            trainer.StepCompleted += step => { if (step.Step == after) stop.Cancel(); };
        var outcome = trainer.Train(model, resume, cancellationToken: stop.Token);
        var last = outcome.Epochs is [.., var end] ? end : null;
        double[] weights = [.. model.state_dict().Values.SelectMany(tensor => tensor.to(ScalarType.Float64).data<double>().ToArray())];
        return new Run(
            [.. trainer.History.Select(step => step.Loss)], weights, last?.TrainTop1, last?.Evaluation?.Top1 ?? double.NaN,
            outcome.Steps, outcome.Interrupted);
    }

    private sealed record Run(double[] Losses, double[] Weights, double? TrainTop1, double Top1, long Learned, bool Interrupted);
}
