using ResNet.Core;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Classification;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

/// <summary>Runs on a folder of small pictures that the tests make: bright pictures are class 1, dark ones class 0.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples;
    private static readonly Compose s_transforms = Presets.Evaluation(16, 16, Normalize.Grey);
    private readonly ImageLoaderOptions _options = new() { BatchSize = 8, Channels = 1, Shuffle = true, Seed = 5 };

    public TrainerTests() => _samples = GreyPictures.Write(_folder.Path, count: 64, brighter: 100, noise: 100);

    public void Dispose() => _folder.Dispose();

    // As in the README: a seeded network, and loaders with a seed.
    [Fact]
    public void A_seeded_network_that_is_trained_twice_has_the_same_bits()
    {
        var first = Train(drawBefore: 0);
        Train(drawBefore: 5).Should().Equal(first);
        first.Should().NotBeEmpty();

        byte[] Train(int drawBefore)
        {
            // Other code that uses torch's generator changes nothing.
            for (int i = 0; i < drawBefore; i++) rand(3).Dispose();
            using var model = ResNets.Create("resnet20", classes: 2, inputChannels: 1, seed: 1);
            new Trainer(new ImageLoader(_samples, s_transforms, _options), null, new TrainerOptions { Epochs = 2 }).Train(model);
            return [.. model.state_dict().Values.SelectMany(tensor => tensor.cpu().contiguous().bytes.ToArray())];
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Training_accuracy_is_that_of_the_images_as_the_network_saw_them(int accumulate)
    {
        using var model = ResNets.Create("resnet20", classes: 2, inputChannels: 1, seed: 1);
        using var own = ResNets.Create("resnet20", classes: 2, inputChannels: 1, seed: 1);
        // Without learning, the weights stay, and so do the logits of a batch in training mode, but for the statistics of the norms.
        var options = new TrainerOptions
        {
            Epochs = 1, AccumulateBatches = accumulate, Optimizer = new Sgd { LearningRate = 1e-30, WeightDecay = 0 }, LabelSmoothing = 0.1,
        };
        var outcome = new Trainer(new ImageLoader(_samples, s_transforms, _options), null, options).Train(model);

        int correct = 0;
        own.train();
        foreach (var batch in new ImageLoader(_samples, s_transforms, _options).Epoch(0))
        {
            using var scope = NewDisposeScope();
            using var untracked = no_grad();
            long[] predicted = own.call(batch.ToInput(CPU)).argmax(1).data<long>().ToArray();
            correct += predicted.Zip(batch.Labels.data<long>().ToArray()).Count(pair => pair.First == pair.Second);
        }
        correct.Should().BeInRange(1, 63, "a test where all or none are correct proves less");
        outcome.Epochs.Should().ContainSingle().Which.TrainTop1.Should().Be(100.0 * correct / 64);
        outcome.Epochs[0].PeakMemoryBytes.Should().BeInRange(1 << 20, 1L << 40);
    }

    [Fact]
    public void Training_accuracy_is_not_measured_where_images_are_mixed()
    {
        using var model = ResNets.Create("resnet20", classes: 2, inputChannels: 1, seed: 1);
        var options = new TrainerOptions { Epochs = 1, Mixing = new Mixup(p: 0.5) };
        new Trainer(new ImageLoader(_samples, s_transforms, _options), null, options).Train(model).Epochs[0].TrainTop1.Should().BeNull();
    }

    [Fact]
    public void A_network_learns_what_there_is_to_learn()
    {
        using var model = Network();
        var outcome = Trainer(new TrainerOptions { Epochs = 4 }).Train(model);
        outcome.Interrupted.Should().BeFalse();
        outcome.Steps.Should().Be(32);
        outcome.Epochs.Select(epoch => epoch.Epoch).Should().Equal(1, 2, 3, 4);
        outcome.Epochs[^1].Top1.Should().Be(100);
        outcome.Epochs[^1].Top5.Should().Be(100);
        outcome.Epochs[^1].TrainLoss.Should().BeLessThan(outcome.Epochs[0].TrainLoss);
        outcome.Epochs[^1].LearningRate.Should().BeLessThan(0.001);
    }

    [Fact]
    public void Another_number_of_weights_than_of_classes_is_refused()
    {
        using var model = Network();
        int classes = model.Options.Classes;
        var train = () => Trainer(new TrainerOptions { ClassWeights = [.. Enumerable.Repeat(1.0, classes + 1)] }).Train(model);
        train.Should().Throw<InvalidOptionException>().WithMessage(
            $"TrainerOptions.ClassWeights is [1, *1], but has to be one weight for each of the network's {classes} classes.");
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_whatever_the_number_of_workers()
    {
        using var first = Network();
        Trainer(new TrainerOptions(), workers: 1).Train(first);
        using var second = Network();
        Trainer(new TrainerOptions(), workers: 3).Train(second);
        foreach (var (name, value) in first.state_dict())
            value.allclose(second.state_dict()[name], rtol: 0, atol: 0).Should().BeTrue("{0} should be the same", name);
    }

    [Fact]
    public void A_run_leaves_no_tensor_behind()
    {
        using var model = Network();
        var trainer = Trainer(new TrainerOptions());
        trainer.Train(model);
        model.zero_grad();
        // The evaluation folds the norms of a copy, of whose parameters TorchSharp counts each one twice when it is made.
        int parametersMade;
        using (var folded = model.FuseForInference()) parametersMade = folded.parameters().Count();
        long before = LiveTensors.Count();
        trainer.Train(model);
        Tensor.TotalCount.Should().Be(before + parametersMade);
    }

    [Fact]
    public void Cancelling_stops_after_the_step_and_keeps_the_weights()
    {
        using var cancellation = new CancellationTokenSource();
        using var model = Network();
        using var before = model.state_dict()["fc.weight"].detach().clone();
        var stop = new Listener(progress => { if (progress.Step >= 1) cancellation.Cancel(); });
        var outcome = Trainer(new TrainerOptions { Epochs = 50 }).Train(model, progress: stop, cancellationToken: cancellation.Token);
        outcome.Interrupted.Should().BeTrue();
        outcome.Steps.Should().Be(1);
        outcome.Epochs.Should().BeEmpty();
        model.state_dict()["fc.weight"].allclose(before, rtol: 0, atol: 0).Should().BeFalse();
    }

    [Fact]
    public void Progress_is_reported_from_the_first_step_to_the_last_of_each_pass()
    {
        var heard = new List<TrainingProgress>();
        using var model = Network();
        Trainer(new TrainerOptions { Epochs = 2 }).Train(model, progress: new Listener(heard.Add));
        foreach (int epoch in new[] { 1, 2 })
        {
            foreach (var phase in Enum.GetValues<TrainingPhase>())
            {
                var pass = heard.Where(progress => progress.Epoch == epoch && progress.Phase == phase).ToList();
                pass.First().Step.Should().Be(1);
                pass.Last().Step.Should().Be(8);
                pass.Last().TimeLeft.Should().Be(TimeSpan.Zero);
                pass.Should().OnlyContain(
                    progress => progress.Steps == 8 && progress.Epochs == 2 && progress.Loss > 0 && progress.ImagesPerSecond > 0);
            }
        }
    }

    // Of eight batches an epoch.
    [Theory]
    [InlineData(11, 1, 3)]
    [InlineData(5, 3, 6)]
    [InlineData(6, 3, 8)]
    public void Progress_of_a_run_of_so_many_steps_ends_with_them(int steps, int accumulated, int batches)
    {
        var heard = new List<TrainingProgress>();
        using var model = Network();
        Trainer(new TrainerOptions { Steps = steps, AccumulateBatches = accumulated }).Train(model, progress: new Listener(heard.Add));
        var last = heard.Where(progress => progress is { Phase: TrainingPhase.Training, Epoch: 2 }).ToList();
        last.Should().OnlyContain(progress => progress.Steps == batches);
        last.Last().Step.Should().Be(batches);
        last.Last().TimeLeft.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void A_run_that_diverges_stops_with_a_clear_message()
    {
        using var model = Network();
        var train = () => Trainer(
            new TrainerOptions { Optimizer = new Sgd { LearningRate = 1e30 }, Schedule = new CosineSchedule() }).Train(model);
        train.Should().Throw<ArithmeticException>()
            .WithMessage("The loss is no longer finite in step *, epoch 1: the training has diverged. Try a lower learning rate, *");
    }

    [Fact]
    public void Steps_that_diverge_are_left_out_where_that_is_asked_for()
    {
        using var model = Network();
        using (no_grad())
        {
            // The weights are finite, but the logits are not.
            model.state_dict()["fc.weight"][0].fill_(1e38);
            model.state_dict()["fc.weight"][1].fill_(-1e38);
        }
        using var before = model.state_dict()["conv1.weight"].detach().clone();
        using var mean = model.state_dict()["bn1.running_mean"].clone();
        var loader = new ImageLoader(_samples, s_transforms, _options);
        var outcome = new Trainer(loader, null, new TrainerOptions { OnNonFiniteLoss = OnNonFiniteLoss.SkipStep }).Train(model);
        outcome.Steps.Should().Be(0);
        outcome.Epochs.Should().ContainSingle().Which.TrainLoss.Should().Be(double.NaN);
        model.state_dict()["conv1.weight"].allclose(before, rtol: 0, atol: 0).Should().BeTrue();
        model.state_dict()["bn1.running_mean"].allclose(mean, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void Early_stopping_without_images_to_evaluate_on_is_refused()
    {
        var make = () => new Trainer(
            new ImageLoader(_samples, s_transforms, _options), null, new TrainerOptions { EarlyStopping = new EarlyStopping() });
        make.Should().Throw<InvalidOptionException>()
            .WithMessage("TrainerOptions.EarlyStopping is *, but has to be null where there are no images to evaluate on.");
    }

    [Fact]
    public void Means_are_over_the_images_that_could_be_read()
    {
        // The whole second batch of eight is unreadable, and half of the third.
        for (int i = 8; i < 20; i++) File.WriteAllBytes(_samples[i].Path, []);
        using var model = AlwaysBright();
        var options = _options with { Shuffle = false, OnUnreadableImage = OnUnreadableImage.Skip };
        var heard = new List<TrainingProgress>();
        var result = new Evaluator(new ImageLoader(_samples, s_transforms, options)).Evaluate(model, new Listener(heard.Add));
        result.Images.Should().Be(52);
        result.Top1.Should().Be(50);
        result.Loss.Should().BeApproximately(1.126928, 1e-5);
        heard.First().Step.Should().Be(1);
        heard.Last().Step.Should().Be(8);
        heard.Last().Loss.Should().BeApproximately(result.Loss, 1e-9);

        // With this learning rate the weights do not change, so the mean loss is the same.
        var training = new TrainerOptions
        {
            Epochs = 2, Optimizer = new Sgd { LearningRate = 1e-30, WeightDecay = 0 }, Schedule = new CosineSchedule(), LabelSmoothing = 0,
        };
        var outcome = new Trainer(new ImageLoader(_samples, s_transforms, options), null, training).Train(model);
        outcome.Steps.Should().Be(14);
        outcome.Epochs.Should().OnlyContain(epoch => Math.Abs(epoch.TrainLoss - result.Loss) < 1e-5);
    }

    [Fact]
    public void The_learning_rate_is_that_of_the_batchs_place_whatever_was_skipped()
    {
        var options = _options with { Shuffle = false, OnUnreadableImage = OnUnreadableImage.Skip };
        double[] whole = Rates();
        for (int i = 8; i < 16; i++) File.WriteAllBytes(_samples[i].Path, []);
        Rates().Should().Equal(whole);

        double[] Rates()
        {
            using var model = Network();
            var outcome = new Trainer(
                new ImageLoader(_samples, s_transforms, options), null, new TrainerOptions { Epochs = 2 }).Train(model);
            return [.. outcome.Epochs.Select(epoch => epoch.LearningRate)];
        }
    }

    [Fact]
    public void An_epoch_of_which_no_image_can_be_read_ends_with_one_sentence()
    {
        foreach (var sample in _samples) File.WriteAllBytes(sample.Path, []);
        using var model = Network();
        var loader = new ImageLoader(_samples, s_transforms, _options with { Shuffle = false, OnUnreadableImage = OnUnreadableImage.Skip });
        string sentence =
            $"None of the 64 images can be read; the last one: Cannot read the image '{_samples[^1].Path}': the file is empty.";
        var train = () => new Trainer(loader, null, new TrainerOptions()).Train(model);
        train.Should().Throw<DatasetException>().WithMessage(sentence);
        var evaluate = () => new Evaluator(loader).Evaluate(model);
        evaluate.Should().Throw<DatasetException>().WithMessage(sentence);
    }

    [Fact]
    public void A_batch_with_one_value_a_channel_is_refused()
    {
        using var model = ResNets.ResNet18(classes: 2, inputChannels: 1);
        foreach (var options in new[] { _options with { BatchSize = 1 }, _options with { BatchSize = 9, Shuffle = false } })
        {
            var train = () => new Trainer(new ImageLoader(_samples, s_transforms, options), null, new TrainerOptions()).Train(model);
            train.Should().Throw<InvalidOptionException>()
                .WithMessage("ResNetModel.images is 1, but has to be at least 2 for 16 × 16 pixels*");
        }
    }

    [Fact]
    public void Evaluation_counts_as_by_hand_and_leaves_the_mode_alone()
    {
        // A classifier that always predicts class 1, with a probability from its bias, is correct for half of the images. Its loss is
        // the mean of log(1 + e^2) and log(1 + e^-2) = 1.126928.
        using var model = AlwaysBright();
        model.train();
        var result = new Evaluator(
            new ImageLoader(_samples, s_transforms, _options with { Shuffle = false, BatchSize = 10 })).Evaluate(model);
        result.Top1.Should().Be(50);
        result.Top5.Should().Be(100);
        result.Images.Should().Be(64);
        result.Loss.Should().BeApproximately(1.126928, 1e-5);
        model.training.Should().BeTrue();
    }

    [Fact]
    public void Evaluation_leaves_each_modules_mode_as_it_was()
    {
        using var model = Network();
        var (_, norm) = model.named_children().First(child => child.name == "bn1");
        norm.eval();
        new Evaluator(new ImageLoader(_samples, s_transforms, _options with { Shuffle = false })).Evaluate(model);
        norm.training.Should().BeFalse();
        model.named_modules().Should().OnlyContain(entry => entry.module.training == (entry.name != "bn1"));
    }

    [Fact]
    public void A_classifier_ranks_the_classes_by_their_probability()
    {
        using var model = AlwaysBright();
        var predictions = new Classifier(model, ["dark", "bright"], s_transforms).Classify(_samples[0].Path);
        predictions.Select(prediction => prediction.Class).Should().Equal("bright", "dark");
        // The logistic function of 2.
        predictions[0].Probability.Should().BeApproximately(0.880797, 1e-5);
        predictions.Sum(prediction => prediction.Probability).Should().BeApproximately(1, 1e-6);
        var refused = () => new Classifier(model, ["one"], s_transforms);
        refused.Should().Throw<ArgumentException>()
            .Which.Message.Should().StartWith("There are 1 class names, but the network has 2 classes: give one name for each.");
    }

    [Fact]
    public void Bad_options_are_refused_with_their_names()
    {
        Refusal(() => new TrainerOptions { Epochs = 0 }).Should().StartWith("TrainerOptions.Epochs is 0, but has to be at least 1.");
        Refusal(() => new Sgd { LearningRate = 0 }).Should().StartWith("Sgd.LearningRate is 0, but has to be more than 0.");
        Refusal(() => new Sgd { LearningRate = double.NaN }).Should().StartWith("Sgd.LearningRate is NaN");
        Refusal(() => new Sgd { Momentum = 1 }).Should().StartWith("Sgd.Momentum is 1, ");
        Refusal(() => new Sgd { WeightDecay = -0.5 }).Should().StartWith("Sgd.WeightDecay is -0.5, ");
        Refusal(() => new TrainerOptions { LabelSmoothing = 1 }).Should().StartWith("TrainerOptions.LabelSmoothing is 1, ");
        Refusal(() => new CosineSchedule { Warmup = 1.5 }).Should().StartWith("CosineSchedule.Warmup is 1.5, ");
    }

    private static string Refusal<T>(Func<T> make) => make.Should().Throw<ArgumentException>().Which.Message;

    private static ResNetModel Network()
    {
        manual_seed(9);
        return new ResNetBuilder().StageDepths(1, 1).Classes(2).InputChannels(1).Build();
    }

    private static ResNetModel AlwaysBright()
    {
        var model = Network();
        using var _ = no_grad();
        model.state_dict()["fc.weight"].zero_();
        model.state_dict()["fc.bias"].copy_(tensor(new[] { -1f, 1f }));
        return model;
    }

    private Trainer Trainer(TrainerOptions options, int workers = 2) => new(
        new ImageLoader(_samples, s_transforms, _options with { Workers = workers }),
        new ImageLoader(_samples, s_transforms, _options with { Shuffle = false }),
        options);
}
