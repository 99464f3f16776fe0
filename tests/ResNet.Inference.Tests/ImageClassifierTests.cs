using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Testing;

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
        Refusal(new()).Should().EndWith("does not say the classes: save it with them (InferenceExportOptions), or use InferenceModel.");
        Refusal(new() { Classes = s_classes })
            .Should().EndWith("does not say the preprocessing: save it with them (InferenceExportOptions), or use InferenceModel.");

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
        using (TorchSharp.torch.no_grad()) _network.get_parameter("fc.bias")![1] = float.NaN;
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
