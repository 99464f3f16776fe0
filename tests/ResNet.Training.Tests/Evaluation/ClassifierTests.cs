using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Evaluation;

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

    private static ResNetModel Network()
    {
        manual_seed(1);
        return new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(3).Build();
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
