using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Inspection;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Inference;
using ResNet.Testing;
using ResNet.Training.Classification;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Classification;

public sealed class ClassifierTests : IDisposable
{
    private static readonly string[] s_classes = ["cat", "dog", "owl"];
    private static readonly Compose s_transforms = Presets.Evaluation(32, 40);

    private readonly TemporaryFolder _folder = new();
    private readonly ResNetModel _network = Network();

    public void Dispose()
    {
        _network.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_likeliest_classes_come_first_and_their_probabilities_add_up_to_one()
    {
        var predictions = Classifier().Classify(Picture(48, 36));
        predictions.Select(prediction => prediction.Class).Should().BeEquivalentTo(s_classes);
        predictions.Select(prediction => prediction.Probability).Should().BeInDescendingOrder();
        predictions.Sum(prediction => prediction.Probability).Should().BeApproximately(1, 1e-5);
        Classifier().Classify(Picture(48, 36), count: 2).Should().Equal(predictions.Take(2));
    }

    [Fact]
    public void An_explanation_is_the_class_activation_map_of_what_the_network_sees()
    {
        string path = Picture(48, 36);
        var explanation = Classifier().Explain(path, "dog", stage: 1);
        explanation.Prediction.Class.Should().Be("dog");
        explanation.Prediction.Should().Be(Classifier().Classify(path).Single(prediction => prediction.Class == "dog"));
        explanation.Size.Should().Be(new ImageSize(32));

        using var scope = NewDisposeScope();
        byte[] seen = new byte[32 * 32 * 3];
        using (var image = ImageDecoder.Open(path, channels: 3)) new Compose(new Resize(40), new CenterCrop(32)).Apply(image, seen);
        var map = GradCam.Compute(_network, Normalize.ImageNet.Apply(tensor(seen, [1, 32, 32, 3]), CPU), [1], stage: 1);
        explanation.Heat.Should().Equal(map.data<float>().ToArray());
    }

    [Fact]
    public void Without_a_class_the_likeliest_one_is_explained()
    {
        string path = Picture(40, 40);
        Classifier().Explain(path).Prediction.Should().Be(Classifier().Classify(path)[0]);
    }

    // The network's input is the central 32×32 pixels of a picture of 80×40, four fifths of its height. The picture is enlarged to
    // 512×256, and this part to 205 pixels.
    [Fact]
    public void The_heat_map_lies_over_what_the_network_sees_and_the_rest_is_darkened()
    {
        string target = Path.Combine(_folder.Path, "heat.png");
        Classifier().Explain(Picture(80, 40, grey: 200), "owl").WritePng(target);
        using var image = ImageDecoder.Open(target, channels: 3);
        (image.Width, image.Height).Should().Be((512, 256));
        byte[] pixels = new byte[512 * 256 * 3];
        image.CropResizeInto(0, 0, 512, 256, 512, 256, flipHorizontally: false, pixels);
        var dark = Enumerable.Range(0, 512 * 256)
            .Where(i => pixels[i * 3] == 70 && pixels[(i * 3) + 1] == 70 && pixels[(i * 3) + 2] == 70)
            .ToList();
        dark.Should().HaveCount((512 * 256) - (205 * 205), "200 · 0.35 is 70, and the network's input is coloured");
        dark.Should().Contain(0)
            .And.Contain(128 * 512 + 152).And.NotContain(128 * 512 + 153).And.NotContain(128 * 512 + 357).And.Contain(128 * 512 + 358);
    }

    [Theory]
    [InlineData(1, 1, 256, 256)]
    [InlineData(400, 300, 400, 300)]
    [InlineData(2048, 1024, 1024, 512)]
    [InlineData(4000, 2, 768, 256)]
    [InlineData(400, 4000, 341, 1024)]
    public void Small_pictures_are_enlarged_and_large_ones_reduced(int width, int height, int expectedWidth, int expectedHeight)
    {
        string target = Path.Combine(_folder.Path, "heat.png");
        Classifier().Explain(Picture(width, height)).WritePng(target);
        using var image = ImageDecoder.Open(target, channels: 3);
        (image.Width, image.Height).Should().Be((expectedWidth, expectedHeight));
    }

    [Fact]
    public void An_unknown_class_or_stage_is_refused()
    {
        string path = Picture(40, 40);
        Refusal(() => Classifier().Explain(path, "cow"))
            .Should().StartWith("Classifier.name is 'cow', but has to be one of the network's classes, cat, dog, owl.");
        Refusal(() => Classifier().Explain(path, stage: 3))
            .Should().StartWith("GradCam.stage is 3, but has to be one of this network's stages, 1 to 2.");
    }

    [Fact]
    public void A_file_a_stream_bytes_pixels_and_a_tensor_give_the_same_classes()
    {
        string path = Picture(48, 36);
        using var classifier = Classifier();
        var expected = classifier.Classify(path);
        byte[] file = File.ReadAllBytes(path);
        classifier.Classify(file).Should().Equal(expected);
        classifier.Classify(new MemoryStream(file), "upload").Should().Equal(expected);
        byte[] pixels = new byte[48 * 36 * 3];
        using (var image = ImageDecoder.Open(path, channels: 3))
            image.CropResizeInto(0, 0, 48, 36, 48, 36, flipHorizontally: false, pixels);
        classifier.Classify(pixels, 48, 36).Should().Equal(expected);

        byte[] seen = new byte[32 * 32 * 3];
        using (var image = ImageDecoder.Open(path, channels: 3)) new Compose(new Resize(40), new CenterCrop(32)).Apply(image, seen);
        using var input = Normalize.ImageNet.Apply(tensor(seen, [1, 32, 32, 3]), CPU);
        classifier.Classify(input).Should().ContainSingle().Which.Should().Equal(expected);
    }

    [Fact]
    public async Task A_picture_can_be_classified_on_another_thread()
    {
        string path = Picture(48, 36);
        using var classifier = Classifier();
        (await classifier.ClassifyAsync(path, count: 2)).Should().Equal(classifier.Classify(path, count: 2));
        await using var stream = File.OpenRead(path);
        (await classifier.ClassifyAsync(stream)).Should().Equal(classifier.Classify(path));
        var cancelled = () => classifier.ClassifyAsync(path, cancellationToken: new CancellationToken(canceled: true));
        await cancelled.Should().ThrowAsync<OperationCanceledException>();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(32)]
    public async Task Many_pictures_keep_their_order_and_a_broken_one_does_not_stop_the_others(int batchSize)
    {
        string broken = _folder.Write("broken.png", [1, 2, 3]);
        string[] paths = [Picture(48, 36), broken, Picture(40, 40), "missing.png", Picture(50, 60), Picture(48, 36)];
        using var classifier = Classifier();
        var results = new List<ClassifiedPicture>();
        await foreach (var result in classifier.ClassifyAsync(paths, new ClassifierOptions { BatchSize = batchSize, Workers = 2 }))
            results.Add(result);
        results.Select(result => result.Path).Should().Equal(paths);
        results.Select(result => result.Error?.GetType()).Should()
            .Equal(null, typeof(ImageDecodingException), null, typeof(ImageDecodingException), null, null);
        foreach (var (path, predictions, error) in results.Where(result => result.Error is null))
        {
            var alone = classifier.Classify(path);
            predictions.Select(prediction => prediction.Class).Should().Equal(alone.Select(prediction => prediction.Class));
            predictions.Zip(alone).Should().OnlyContain(pair => Math.Abs(pair.First.Probability - pair.Second.Probability) < 1e-5);
        }
        results[1].Error!.Message.Should().Contain("broken.png");
        results[1].Predictions.Should().BeEmpty();
    }

    [Fact]
    public async Task An_enumeration_may_be_left_or_cancelled_and_an_empty_one_ends()
    {
        using var classifier = Classifier();
        string[] paths = [.. Enumerable.Repeat(Picture(48, 36), 20)];
        await foreach (var result in classifier.ClassifyAsync(paths, new ClassifierOptions { BatchSize = 4 })) break;
        await foreach (var result in classifier.ClassifyAsync([])) throw new InvalidOperationException("there is nothing to classify");
        using var cancellation = new CancellationTokenSource();
        var cancelled = async () =>
        {
            await foreach (var result in classifier.ClassifyAsync(paths, new ClassifierOptions { BatchSize = 4 }, cancellation.Token))
                await cancellation.CancelAsync();
        };
        await cancelled.Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public void Several_threads_may_use_a_classifier_at_once()
    {
        string[] paths = [Picture(48, 36), Picture(40, 40), Picture(50, 60)];
        using var classifier = Classifier();
        var expected = paths.Select(path => classifier.Classify(path)).ToArray();
        Parallel.For(0, 60, i => classifier.Classify(paths[i % 3]).Should().Equal(expected[i % 3]));
    }

    [Fact]
    public void A_run_and_its_weights_alone_are_opened_with_classes_and_preprocessing()
    {
        string path = Picture(48, 36);
        using var model = ResNets.Create("resnet20", classes: 3, seed: 1);
        var run = SaveRun(model);
        string folder = run.Path;
        model.eval();
        using var plain = new Classifier(model, s_classes, Presets.Evaluation(run.Settings.Preprocessing));
        plain.Engine.Should().Be(PredictionEngine.Torch);
        var expected = plain.Classify(path);
        string weights = Path.Combine(folder, "weights.safetensors"), moved = Path.Combine(_folder.Path, "moved.safetensors");
        File.Copy(weights, moved);
        foreach (string place in new[] { folder, moved })
        {
            using var opened = Training.Classification.Classifier.Open(place);
            opened.Classes.Should().Equal(s_classes);
            var found = opened.Classify(path);
            found.Select(prediction => prediction.Class).Should().Equal(expected.Select(prediction => prediction.Class));
            found.Zip(expected).Should().OnlyContain(pair => Math.Abs(pair.First.Probability - pair.Second.Probability) < 1e-5);
            opened.Explain(path).Prediction.Class.Should().Be(expected[0].Class);
            opened.Engine.Should().Be(PredictionEngine.Inference);
        }
        FluentActions.Invoking(() => Training.Classification.Classifier.Open(Path.Combine(_folder.Path, "none"))).Should()
            .Throw<RunFolderException>().WithMessage("There is no run folder '*none'.");
        model.SaveWeights(moved);
        FluentActions.Invoking(() => Training.Classification.Classifier.Open(moved)).Should().Throw<RunFolderException>()
            .WithMessage($"The file '{moved}' lacks the classes and the preprocessing*");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public async Task Both_engines_give_the_same_classes_in_every_way(int channels)
    {
        string[] paths = [Picture(48, 36), _folder.Write("broken.png", [1, 2, 3]), Picture(40, 40), Picture(50, 60)];
        using var model = ResNets.Create("resnet20", classes: 3, inputChannels: channels, seed: 1);
        var run = SaveRun(model);
        using var inference = Training.Classification.Classifier.Open(run.Path);
        using var torch = Training.Classification.Classifier.Open(run.Path, engine: PredictionEngine.Torch);
        (inference.Engine, torch.Engine).Should().Be((PredictionEngine.Inference, PredictionEngine.Torch));
        inference.Classes.Should().Equal(torch.Classes);

        byte[] pixels = new byte[48 * 36 * channels];
        new Random(2).NextBytes(pixels);
        using var input = randn([2, channels, 32, 32]);
        foreach (int count in new[] { 2, 5 })
        {
            Same(inference.Classify(paths[0], count), torch.Classify(paths[0], count));
            Same(inference.Classify(File.ReadAllBytes(paths[2]), count: count), torch.Classify(File.ReadAllBytes(paths[2]), count: count));
            Same(inference.Classify(pixels, 48, 36, count), torch.Classify(pixels, 48, 36, count));
            foreach (var (row, expected) in inference.Classify(input, count).Zip(torch.Classify(input, count))) Same(row, expected);
        }
        var options = new ClassifierOptions { BatchSize = 3, Count = 2 };
        var pictures = await inference.ClassifyAsync(paths, options).ToListAsync();
        foreach (var (picture, expected) in pictures.Zip(await torch.ClassifyAsync(paths, options).ToListAsync()))
        {
            (picture.Path, picture.Error?.Message).Should().Be((expected.Path, expected.Error?.Message));
            Same(picture.Predictions, expected.Predictions);
        }
        pictures.Select(picture => picture.Predictions.Count).Should().Equal(2, 0, 2, 2);
    }

    [Fact]
    public void A_file_for_inference_is_opened_by_the_engine_that_can_compute_it()
    {
        string path = Picture(48, 36), file = Path.Combine(_folder.Path, "network.safetensors");
        using var model = ResNets.Create("resnet20", classes: 3, seed: 1);
        var run = SaveRun(model);
        model.SaveForInference(file, new InferenceExportOptions { Classes = s_classes, Preprocessing = run.Settings.Preprocessing });
        using var opened = Training.Classification.Classifier.Open(file);
        using var expected = Training.Classification.Classifier.Open(run.Path);
        opened.Engine.Should().Be(PredictionEngine.Inference);
        opened.Classify(path).Should().Equal(expected.Classify(path));

        const string Reason = "since the file is for ResNet.Inference: open the run, or its weights.safetensors, for TorchSharp.";
        Refusal(() => Training.Classification.Classifier.Open(file, engine: PredictionEngine.Torch))
            .Should().Be($"Classifier.engine is Torch, but has to be Inference, {Reason}");
        Refusal(() => Training.Classification.Classifier.Open(file, new Device(TorchSharp.DeviceType.META)))
            .Should().Be($"Classifier.device is meta, but has to be cpu, {Reason}");
        foreach (string? name in new[] { null, s_classes[2] })
        {
            var (map, exact) = (opened.Explain(path, name), expected.Explain(path, name, stage: 3));
            (map.Size, map.Prediction.Class).Should().Be((exact.Size, exact.Prediction.Class));
            map.Prediction.Probability.Should().BeApproximately(exact.Prediction.Probability, 1e-5);
            map.Heat.Should().HaveSameCount(exact.Heat);
            map.Heat.Zip(exact.Heat).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 1e-4);
            map.Predictions.Select(prediction => prediction.Class).Should().Equal(exact.Predictions.Select(prediction => prediction.Class));
        }
        Refusal(() => opened.Explain(path, stage: 1)).Should().Be(
            "Classifier.stage is 1, but has to be the last, 3, for a file for inference, which gives no gradients: open the run, or its "
            + "weights.safetensors, for others.");
        model.SaveForInference(file);
        FluentActions.Invoking(() => Training.Classification.Classifier.Open(file)).Should()
            .Throw<InferenceFileException>().WithMessage($"The file '{file}' does not say the classes*");
    }

    [Fact]
    public void Weights_that_are_not_finite_are_left_to_TorchSharp_unless_the_engine_is_chosen()
    {
        using var model = ResNets.Create("resnet20", classes: 3, seed: 1);
        using (no_grad()) model.get_parameter("fc.weight")!.fill_(float.NaN);
        string folder = SaveRun(model).Path;
        using var opened = Training.Classification.Classifier.Open(folder);
        opened.Engine.Should().Be(PredictionEngine.Torch);
        opened.Classify(Picture(48, 36)).Should().HaveCount(3).And.OnlyContain(prediction => double.IsNaN(prediction.Probability));
        Refusal(() => Training.Classification.Classifier.Open(folder, engine: PredictionEngine.Inference)).Should().Be(
            "Classifier.engine is Inference, but has to be Torch for this network: The network cannot be saved for inference: weight of "
            + "its layer fc contains NaN or infinite numbers.");
    }

    [Fact]
    public void Pixels_of_another_size_than_said_are_refused() =>
        Refusal(() => Classifier().Classify(new byte[100], 10, 10)).Should()
            .StartWith("There are 100 bytes, but 10 × 10 pixels of 3 channel(s) have 300");

    private static ResNetModel Network()
    {
        manual_seed(1);
        return new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(3).Build();
    }

    private static void Same(IReadOnlyList<Prediction> predictions, IReadOnlyList<Prediction> expected) =>
        predictions.Should().Equal(
            expected, (one, other) => one.Class == other.Class && Math.Abs(one.Probability - other.Probability) < 1e-5);

    private RunFolder SaveRun(ResNetModel model)
    {
        bool isGrey = model.Options.InputChannels == 1;
        var settings = new RunSettings
        {
            Network = "resnet20", Dataset = "photos", Channels = model.Options.InputChannels, ImageSize = 32, ResizeTo = 40,
            Mean = isGrey ? [0.4f] : [0.4f, 0.5f, 0.6f], Deviation = isGrey ? [0.2f] : [0.2f, 0.25f, 0.3f], BatchSize = 2, Seed = 0,
            Training = new TrainerOptions(),
        };
        var run = RunFolder.Create(Path.Combine(_folder.Path, "run"), settings, s_classes);
        run.SaveWeights(model);
        return run;
    }

    private Classifier Classifier() => new(_network, s_classes, s_transforms);

    private string Picture(int width, int height, int? grey = null)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(1).NextBytes(pixels);
        if (grey is { } level) Array.Fill(pixels, (byte)level);
        string path = Path.Combine(_folder.Path, $"{width}x{height}.png");
        File.WriteAllBytes(path, new TestPng(width, height, TestPng.Colours.Rgb).Encode(pixels));
        return path;
    }

    private static string Refusal<T>(Func<T> explain) => explain.Should().Throw<ArgumentException>().Which.Message;
}
