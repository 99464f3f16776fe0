using ResNet.Core;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Inference;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Tests.Loading;
using ResNet.Training.TrainingLoop;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Evaluation;

/// <summary>Evaluations by <c>ResNet.Inference</c> against those by TorchSharp.</summary>
public sealed class EngineTests(ITestOutputHelper output) : IDisposable
{
    private const int Classes = 24;

    // Of the largest score, with Winograd's algorithm.
    private const double Tolerance = 1e-4;

    private static readonly Compose s_grey = new(new Resize(new ImageSize(16)));

    private readonly LoaderPictures _pictures = new(Classes);
    private readonly ResNetModel _network = Network();

    public void Dispose()
    {
        _network.Dispose();
        _pictures.Dispose();
    }

    [Fact]
    public void Every_image_has_the_scores_and_the_class_of_TorchSharp()
    {
        var (images, differing) = Compare(_network, Loader(7));
        (images, differing).Should().Be((Classes, 0));
    }

    [Theory]
    [InlineData(false, Classes)]
    [InlineData(true, Classes)]
    [InlineData(false, 2)]
    public void All_results_are_those_of_TorchSharp(bool flips, int classes)
    {
        using var network = Network(classes);
        var samples = _pictures.Samples.Select(sample => sample with { Label = sample.Label % classes }).ToList();
        var loader = new ImageLoader(samples, LoaderPictures.Plain, new ImageLoaderOptions { BatchSize = 10 });
        var options = new EvaluatorOptions { Flips = flips, MistakeCount = 5 };
        var expected = new Evaluator(loader, options).Evaluate(network);
        var result = new Evaluator(loader, options with { Engine = PredictionEngine.Inference }).Evaluate(network);
        (expected.Engine, result.Engine).Should().Be((PredictionEngine.Torch, PredictionEngine.Inference));

        (result.Images, result.Top1, result.Top5).Should().Be((expected.Images, expected.Top1, expected.Top5));
        result.Loss.Should().BeApproximately(expected.Loss, 1e-5 * expected.Loss).And.NotBe(0);
        result.Confusion.Cells.Should().Equal(expected.Confusion.Cells);
        result.PerClass.Should().Equal(expected.PerClass);
        (result.BalancedAccuracy, result.MacroF1).Should().Be((expected.BalancedAccuracy, expected.MacroF1));
        result.CalibrationError.Should().BeApproximately(expected.CalibrationError, 1e-5);
        result.Mistakes.Select(mistake => (mistake.Index, mistake.Name, mistake.Class, mistake.Predicted)).Should()
            .Equal(expected.Mistakes.Select(mistake => (mistake.Index, mistake.Name, mistake.Class, mistake.Predicted)));
        (result.Binary?.RocAuc).Should().Be(expected.Binary?.RocAuc);
        (result.Binary is null).Should().Be(classes != 2);
    }

    [Fact]
    public void A_file_for_inference_is_evaluated_alone()
    {
        using var file = new MemoryStream();
        _network.SaveForInference(file);
        file.Position = 0;
        using var model = InferenceModel.Open(file);
        var result = new Evaluator(Loader(5)).Evaluate(model);
        result.Engine.Should().Be(PredictionEngine.Inference);
        result.Loss.Should().BeApproximately(new Evaluator(Loader(5)).Evaluate(_network).Loss, 1e-5 * result.Loss);
        var refused = () => new Evaluator(_pictures.Loader(new ImageLoaderOptions { BatchSize = 5, Channels = 1 }, s_grey)).Evaluate(model);
        refused.Should().Throw<ArgumentException>().WithMessage("The images have * numbers, but 5 × 3 × 16 × 16 are 3840.");
    }

    [Fact]
    public void Tensors_of_any_layout_type_and_number_give_the_scores_of_their_images()
    {
        using var scope = NewDisposeScope();
        using var file = new MemoryStream();
        _network.SaveForInference(file);
        file.Position = 0;
        using var model = InferenceModel.Open(file);
        using var mode = new EvaluationMode(_network);
        // More images than are computed at once.
        var images = randn([70, 3, 20, 24]);
        var expected = _network.call(images).detach();
        foreach (var given in new[] { images, ResNetModel.ChannelsLast(images), images.to(ScalarType.Float64), images.flip(3).flip(3) })
        {
            var scores = model.Compute(given, CancellationToken.None);
            scores.shape.Should().Equal(70, Classes);
            Deviation(scores, expected).Should().BeLessThan(Tolerance);
        }
    }

    [Fact]
    public void Without_a_choice_TorchSharp_computes_what_the_engine_cannot()
    {
        var options = new EvaluatorOptions { Engine = null };
        new Evaluator(Loader(5), options).Evaluate(_network).Engine.Should().Be(PredictionEngine.Inference);
        using (no_grad()) _network.get_parameter("conv1.weight")!.fill_(float.NaN);
        var result = new Evaluator(Loader(5), options).Evaluate(_network);
        (result.Engine, result.Loss).Should().Be((PredictionEngine.Torch, double.NaN));
        var refused = () => new Evaluator(Loader(5), options with { Engine = PredictionEngine.Inference }).Evaluate(_network);
        refused.Should().Throw<InvalidOptionException>().WithMessage(
            "EvaluatorOptions.Engine is Inference, but has to be Torch for this network: The network cannot be saved for inference: weight "
            + "of its layer conv1 contains NaN or infinite numbers.");
    }

    [Fact]
    public void The_engine_computes_on_the_CPU_only()
    {
        using var elsewhere = Network();
        elsewhere.to(new Device(DeviceType.META));
        var refused = () => new Evaluator(Loader(5), new EvaluatorOptions { Engine = PredictionEngine.Inference }).Evaluate(elsewhere);
        refused.Should().Throw<InvalidOptionException>().WithMessage(
            "EvaluatorOptions.Engine is Inference, but has to be Torch on the device meta, since Inference computes on the CPU only.");
    }

    [Fact]
    public void A_network_of_another_precision_is_left_to_TorchSharp_unless_the_engine_is_chosen()
    {
        using var wide = Network();
        wide.to(ScalarType.Float64);
        new Evaluator(Loader(5), new EvaluatorOptions { Engine = null }).Evaluate(wide).Engine.Should().Be(PredictionEngine.Torch);
        var result = new Evaluator(Loader(5), new EvaluatorOptions { Engine = PredictionEngine.Inference }).Evaluate(wide);
        result.Loss.Should().BeApproximately(new Evaluator(Loader(5)).Evaluate(wide).Loss, 1e-5 * result.Loss);
    }

    [Fact]
    public void The_pass_can_be_cancelled_and_leaves_no_tensors_behind()
    {
        var evaluator = new Evaluator(Loader(5), new EvaluatorOptions { Flips = true, Engine = PredictionEngine.Inference });
        long before = LiveTensors.Count();
        evaluator.Evaluate(_network);
        // The folded copy has seven layers with weights and biases.
        LiveTensors.Count(parametersMade: 14).Should().Be(before);
        var cancelled = () => evaluator.Evaluate(_network, cancellationToken: new CancellationToken(canceled: true));
        cancelled.Should().Throw<OperationCanceledException>();
    }

    /// <remarks>An epoch of resnet20, and a fifth of one of resnet56.</remarks>
    [LongCifarFact]
    public void The_test_images_of_Cifar_have_the_same_classes_as_with_TorchSharp()
    {
        var (training, test) = DatasetSplits.Open(Cifar.Folder!);
        var options = new ImageLoaderOptions { BatchSize = 128, Seed = 1 };
        foreach (var (name, steps) in new[] { ("resnet20", 390), ("resnet56", 78) })
        {
            using var network = ResNets.Create(name, seed: 1);
            var loader = new ImageLoader(training.Samples, Presets.Evaluation(32, 32), options with { Shuffle = true });
            new Trainer(loader, evaluation: null, new TrainerOptions { Steps = steps }).Train(network);
            var (images, differing) = Compare(network, new ImageLoader(test.Samples, Presets.Evaluation(32, 32), options));
            (images, differing).Should().Be((10_000, 0), name);
        }
    }

    // Compares the scores of all images, and counts the images with another class, but for ties.
    private (int Images, int Differing) Compare(ResNetModel network, ImageLoader loader)
    {
        using var file = new MemoryStream();
        network.SaveForInference(file);
        file.Position = 0;
        using var model = InferenceModel.Open(file);
        using var mode = new EvaluationMode(network);
        int images = 0, differing = 0, ties = 0;
        double worst = 0;
        foreach (var batch in loader.Epoch(0))
        {
            using var inference = inference_mode();
            using var scope = NewDisposeScope();
            var input = batch.ToInput(CPU);
            var expected = network.call(input);
            var scores = model.Compute(input, CancellationToken.None);
            worst = Math.Max(worst, Deviation(scores, expected));
            var (best, classes) = expected.max(1);
            var chosen = scores.argmax(1);
            // How much less than the best class the engine's class has in TorchSharp's scores.
            var behind = (best - expected.gather(1, chosen.unsqueeze(1)).squeeze(1)) / expected.abs().amax([1L]);
            ties += (int)chosen.ne(classes).logical_and(behind.le(Tolerance)).sum().item<long>();
            differing += (int)behind.gt(Tolerance).sum().item<long>();
            images += batch.Count;
        }
        output.WriteLine($"{images} images: {differing} of another class, {ties} ties, largest deviation {worst:0.0e0}");
        worst.Should().BeLessThan(Tolerance);
        return (images, differing);
    }

    // The largest difference of a score from TorchSharp's, relative to the image's largest one.
    private static double Deviation(Tensor scores, Tensor expected) =>
        ((scores - expected).abs().amax([1L]) / expected.abs().amax([1L])).max().item<float>();

    private static ResNetModel Network(int classes = Classes)
    {
        manual_seed(3);
        var network = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(classes).Build();
        RandomNorms.Draw(network);
        return network;
    }

    private ImageLoader Loader(int batchSize) => _pictures.Loader(new ImageLoaderOptions { BatchSize = batchSize });
}
