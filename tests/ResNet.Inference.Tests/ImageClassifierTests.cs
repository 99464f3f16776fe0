using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Inspection;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests;

public sealed class ImageClassifierTests : IDisposable
{
    private static readonly string[] s_classes = ["cat", "dog", "bird"];

    private readonly TemporaryFolder _folder = new();
    private readonly ResNetModel _network = ResNets.Create("resnet20", classes: 3, seed: 4);
    private readonly byte[] _pixels = [.. Enumerable.Range(0, 50 * 40 * 3).Select(i => (byte)(i * 5 % 251))];

    public void Dispose()
    {
        _network.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_picture_has_the_same_classes_as_file_stream_bytes_and_pixels()
    {
        using var classifier = ImageClassifier.Open(Save(Complete()));
        string path = Path.Combine(_folder.Path, "picture.ppm");
        File.WriteAllBytes(path, [.. "P6 50 40 255\n"u8, .. _pixels]);
        var expected = classifier.Classify(path);
        expected.Select(prediction => prediction.Class).Should().BeEquivalentTo(s_classes);
        expected.Sum(prediction => prediction.Probability).Should().BeApproximately(1, 1e-12);
        expected.Should().BeInDescendingOrder(prediction => prediction.Probability);
        byte[] file = File.ReadAllBytes(path);
        classifier.Classify(new MemoryStream(file)).Should().Equal(expected);
        classifier.Classify(file).Should().Equal(expected);
        classifier.Classify(_pixels, width: 50, height: 40).Should().Equal(expected);
        (await classifier.ClassifyAsync(path)).Should().Equal(expected);
        (await classifier.ClassifyAsync(new MemoryStream(file))).Should().Equal(expected);
        classifier.Classify(path, count: 1).Should().Equal(expected[0]);
        classifier.Classes.Should().Equal(s_classes);
    }

    [Fact]
    public void A_file_without_classes_or_preprocessing_is_refused()
    {
        Refusal(new())
            .Should().EndWith("does not say the classes: save it with the classes (InferenceExportOptions), or use InferenceModel.");
        Refusal(new() { Classes = s_classes })
            .Should().EndWith(
                "does not say the preprocessing: save it with the preprocessing (InferenceExportOptions), or use InferenceModel.");

        string Refusal(InferenceExportOptions options)
        {
            Action open = () => ImageClassifier.Open(Save(options)).Dispose();
            return open.Should().Throw<InferenceFileException>().Which.Message;
        }
    }

    [Fact]
    public void Class_names_that_are_too_many_are_refused_when_saving()
    {
        Action save = () => Save(new InferenceExportOptions { Classes = ["cat", "dog"] });
        save.Should().Throw<InvalidOptionException>()
            .WithMessage("InferenceExportOptions.Classes.Count is 2, but has to be 3, as the network has classes.");
    }

    [Theory]
    [InlineData(0, 32, ImageInterpolation.Bilinear, 0.2f, "ResizeTo is 0, but has to be between 1 and 8192.")]
    [InlineData(32, 9000, ImageInterpolation.Bilinear, 0.2f, "CropSize is 9000, but has to be between 1 and 8192.")]
    [InlineData(32, 32, ImageInterpolation.Nearest, 0.2f, "Interpolation is Nearest, but has to be Bilinear or Bicubic.")]
    [InlineData(32, 32, ImageInterpolation.Bilinear, 0f, "Deviation is [0, 0.3, 0.4], but has to be 3 numbers more than 0*")]
    public void Preprocessing_that_nobody_could_use_is_refused_when_saving(
        int resize, int crop, ImageInterpolation interpolation, float deviation, string problem)
    {
        var preprocessing = new Preprocessing(resize, crop, interpolation, [0.5f, 0.4f, 0.3f], [deviation, 0.3f, 0.4f]);
        Action save = () => Save(new InferenceExportOptions { Preprocessing = preprocessing });
        save.Should().Throw<InvalidOptionException>().WithMessage($"InferenceExportOptions.Preprocessing.{problem}");
    }

    [Fact]
    public void A_network_whose_weights_are_not_finite_is_refused_when_saving()
    {
        using (no_grad()) _network.get_parameter("fc.bias")![1] = float.NaN;
        Action save = () => Save(new InferenceExportOptions());
        save.Should().Throw<ArgumentException>()
            .WithMessage("The network cannot be saved for inference: bias of its layer fc contains NaN or infinite numbers.");
    }

    [Fact]
    public void A_file_that_is_no_picture_is_refused_by_name()
    {
        using var classifier = ImageClassifier.Open(Save(Complete()));
        Action classify = () => classifier.Classify("no picture"u8.ToArray(), "upload.jpg");
        classify.Should().Throw<ImageDecodingException>().WithMessage("*upload.jpg*");
    }

    [Fact]
    public async Task Several_pictures_have_the_classes_of_each_alone()
    {
        using var classifier = ImageClassifier.Open(Save(Complete()));
        // More than a batch.
        string[] paths = [.. Enumerable.Range(0, 11).Select(i => Picture($"{i}.ppm", i * 3))];
        var expected = paths.Select(path => classifier.Classify(path, count: 2)).ToList();
        expected.Select(predictions => predictions[0].Probability).Should().OnlyHaveUniqueItems("the pictures differ");
        Check(classifier.Classify(paths, count: 2));
        Check(classifier.Classify(Streams(), count: 2));
        Check(await classifier.ClassifyAsync(paths, count: 2));
        Check(await classifier.ClassifyAsync(Streams(), paths, count: 2));
        classifier.Classify(Array.Empty<string>()).Should().BeEmpty();

        List<Stream> Streams() => [.. paths.Select(path => new MemoryStream(File.ReadAllBytes(path)))];

        void Check(IReadOnlyList<IReadOnlyList<Prediction>> actual)
        {
            actual.Should().HaveCount(paths.Length);
            foreach (var (one, other) in expected.Zip(actual))
            {
                other.Select(prediction => prediction.Class).Should().Equal(one.Select(prediction => prediction.Class));
                // Another number of images may take another algorithm.
                foreach (var (left, right) in one.Zip(other)) right.Probability.Should().BeApproximately(left.Probability, 1e-5);
            }
        }
    }

    [Fact]
    public void Of_several_pictures_the_first_that_cannot_be_read_is_refused_by_name()
    {
        using var classifier = ImageClassifier.Open(Save(Complete()));
        string good = Picture("good.ppm", 1), bad = Path.Combine(_folder.Path, "bad.jpg"), worse = Path.Combine(_folder.Path, "worse.jpg");
        File.WriteAllText(bad, "no picture");
        File.WriteAllText(worse, "no picture");
        Action paths = () => classifier.Classify([good, bad, worse]);
        paths.Should().Throw<ImageDecodingException>().WithMessage("*bad.jpg*");
        Action streams = () => classifier.Classify([File.OpenRead(good), new MemoryStream([1, 2, 3])], ["first", "second"]);
        streams.Should().Throw<ImageDecodingException>().WithMessage("*second*");
        Action names = () => classifier.Classify([new MemoryStream()], ["first", "second"]);
        names.Should().Throw<ArgumentException>().WithMessage("There are 2 names, but 1 streams: give one for each.*");
    }

    [Fact]
    public async Task A_cancelled_classification_stops()
    {
        using var classifier = ImageClassifier.Open(Save(Complete()));
        string[] paths = [Picture("one.ppm", 1), Picture("two.ppm", 2)];
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        Action now = () => classifier.Classify(paths, cancellationToken: cancelled.Token);
        now.Should().Throw<OperationCanceledException>();
        var later = () => classifier.ClassifyAsync(paths, cancellationToken: cancelled.Token);
        await later.Should().ThrowAsync<OperationCanceledException>();
        var streams = () => classifier.ClassifyAsync([new MemoryStream(_pixels)], cancellationToken: cancelled.Token);
        await streams.Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public void The_map_of_a_picture_is_that_of_GradCam_for_the_pixels_that_the_network_sees()
    {
        using var classifier = ImageClassifier.Open(Save(Complete()));
        string path = Picture("picture.ppm", 0);
        var seen = new byte[32 * 32 * 3];
        using (var image = ImageDecoder.Open(path, channels: 3))
            new Compose(new Resize(36) { Interpolation = ImageInterpolation.Bilinear }, new CenterCrop(32)).Apply(image, seen);
        using var scope = NewDisposeScope();
        var input = tensor(seen, [1, 32, 32, 3]).permute(0, 3, 1, 2).to(ScalarType.Float32) / 255;
        input = (input - tensor(new[] { 0.5f, 0.4f, 0.3f }).view(1, 3, 1, 1)) / tensor(new[] { 0.2f, 0.3f, 0.4f }).view(1, 3, 1, 1);
        _network.eval();

        var likeliest = classifier.Explain(path);
        likeliest.Predictions.Should().Equal(classifier.Classify(path));
        likeliest.Prediction.Should().Be(likeliest.Predictions[0]);
        likeliest.Size.Should().Be(new ImageSize(32, 32));
        Check(likeliest, null);
        var dog = classifier.Explain(path, "dog");
        dog.Prediction.Should().Be(likeliest.Predictions.Single(prediction => prediction.Class == "dog"));
        Check(dog, [1]);
        byte[] file = File.ReadAllBytes(path);
        classifier.Explain(file, className: "dog").Heat.Should().Equal(dog.Heat);
        classifier.Explain(new MemoryStream(file), className: "dog").Heat.Should().Equal(dog.Heat);
        classifier.Explain(_pixels, width: 50, height: 40, "dog").Heat.Should().Equal(dog.Heat);
        Action cow = () => classifier.Explain(path, "cow");
        cow.Should().Throw<InvalidOptionException>().WithMessage("ImageClassifier.className is 'cow', but has to be one of the classes*");

        void Check(ClassActivationMap map, int[]? classes)
        {
            float[] expected = [.. GradCam.Compute(_network, input, classes, _network.Stages).data<float>()];
            map.Heat.Zip(expected, (left, right) => Math.Abs(left - right)).Max().Should().BeLessThan(1e-4f);
        }
    }

    private string Picture(string name, int shift)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, [.. "P6 50 40 255\n"u8, .. _pixels.Select(value => (byte)(value + shift))]);
        return path;
    }

    private string Save(InferenceExportOptions options)
    {
        string path = Path.Combine(_folder.Path, "network.safetensors");
        _network.SaveForInference(path, options);
        return path;
    }

    private static InferenceExportOptions Complete() => new()
    {
        Classes = s_classes,
        Preprocessing = new Preprocessing(36, 32, ImageInterpolation.Bilinear, [0.5f, 0.4f, 0.3f], [0.2f, 0.3f, 0.4f]),
    };
}
