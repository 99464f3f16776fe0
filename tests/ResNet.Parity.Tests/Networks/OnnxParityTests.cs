using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Testing;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

public class OnnxParityTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Networks => [.. ResNets.Names];

    [Theory]
    [MemberData(nameof(Networks))]
    public void ONNX_Runtime_computes_what_the_network_does(string name)
    {
        manual_seed(1);
        using var network = ResNets.Create(name, classes: 10);
        int size = Math.Min(96, ResNets.Find(name).ImageSize);
        using var images = randn([3, 3, size, size + 9]);
        Check(network, images, new());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Dilated_networks_are_exported_as_they_are(int outputStride)
    {
        manual_seed(2);
        foreach (string name in new[] { "resnet50", "resnet50d" })
        {
            using var network = ResNets.Create(name, options => options with { OutputStride = outputStride, Classes = 5 });
            using var images = randn([1, 3, 65, 97]);
            Check(network, images, new());
        }
    }

    public static TheoryData<string> Norms => ["group", "frozen"];

    [Theory]
    [MemberData(nameof(Norms))]
    public void Other_norms_are_exported_as_well(string norm)
    {
        manual_seed(3);
        foreach (bool preActivation in new[] { false, true })
        {
            using var network = ResNets.Create("resnet18", options => options with
            {
                Norm = norm == "group" ? Norm.Group(16) : Norm.FrozenBatch,
                PreActivation = preActivation,
                InputChannels = 1,
                Classes = 5,
            });
            using var images = randn([2, 1, 64, 64]);
            Check(network, images, new());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Weights_of_other_types_are_written_in_single_precision(ScalarType type)
    {
        manual_seed(4);
        using var network = ResNets.Create("resnet18", options => options with { Classes = 5, DType = type });
        using var images = randn([2, 3, 64, 64]);
        network.eval();
        using var inference = inference_mode();
        using var typed = images.to(type);
        using var expected = network.call(typed).to(ScalarType.Float32);
        var (_, output) = OnnxRuntime.Run(network, images, new());
        using (output) Deviation(output, expected).Should().BeLessThan(type == ScalarType.Float64 ? Tolerance : 0.05);
    }

    // The file resizes, crops and normalises bytes as Pillow and torchvision do, and outputs the classifier's probabilities.
    [Theory]
    [InlineData(ImageInterpolation.Bilinear, 3, 113, 71)]
    [InlineData(ImageInterpolation.Bilinear, 3, 64, 300)]
    [InlineData(ImageInterpolation.Bicubic, 3, 150, 131)]
    [InlineData(ImageInterpolation.Bicubic, 1, 40, 57)]
    [InlineData(ImageInterpolation.Bilinear, 1, 72, 72)]
    public void A_file_that_takes_pixels_does_the_preprocessing_itself(
        ImageInterpolation interpolation, int channels, int height, int width)
    {
        manual_seed(5);
        using var network = ResNets.Create("resnet18", classes: 6, inputChannels: channels);
        float[] mean = channels == 1 ? [0.449f] : [0.485f, 0.456f, 0.406f];
        float[] deviation = channels == 1 ? [0.226f] : [0.229f, 0.224f, 0.225f];
        var preprocessing = new Preprocessing(72, 64, interpolation, mean, deviation);
        var noise = new byte[2 * height * width * channels];
        new Random(height).NextBytes(noise);

        using var scope = NewDisposeScope();
        var pixels = tensor(noise, [2, height, width, channels]);
        var images = Preprocessed(pixels, preprocessing);
        RandomNorms.Draw(network);
        network.eval();
        using var inference = inference_mode();
        var expected = network.call(images).softmax(1);
        var options = new OnnxExportOptions { Preprocessing = preprocessing, TakesPixels = true, GivesProbabilities = true };
        var (name, output) = OnnxRuntime.Run(network, pixels, options);
        name.Should().Be("probabilities");
        Deviation(output, expected).Should().BeLessThan(Tolerance);
    }

    private static void Check(ResNetModel network, Tensor images, OnnxExportOptions options)
    {
        using var scope = NewDisposeScope();
        RandomNorms.Draw(network);
        network.eval();
        using var inference = inference_mode();
        var expected = network.call(images);
        var (name, output) = OnnxRuntime.Run(network, images, options);
        name.Should().Be("logits");
        output.shape.Should().Equal(expected.shape);
        Deviation(output, expected).Should().BeLessThan(Tolerance);
    }

    private static Tensor Preprocessed(Tensor pixels, Preprocessing preprocessing)
    {
        var transforms = Presets.Evaluation(preprocessing);
        var crops = new byte[pixels.size(0) * transforms.Size.Height * transforms.Size.Width * pixels.size(3)];
        int length = crops.Length / (int)pixels.size(0);
        for (int i = 0; i < pixels.size(0); i++)
        {
            using var image = pixels[i].contiguous();
            transforms.Apply(new Picture(image), new Canvas(), SplitMix64.For(0), crops.AsSpan(i * length, length));
        }
        var batch = tensor(crops, [pixels.size(0), transforms.Size.Height, transforms.Size.Width, pixels.size(3)]);
        return preprocessing.ToNormalize().Apply(batch, CPU);
    }

    private static double Deviation(Tensor found, Tensor expected)
    {
        using var scope = NewDisposeScope();
        expected.std().ToDouble().Should().BeGreaterThan(0);
        return (found - expected).abs().max().ToDouble() / expected.abs().max().ToDouble();
    }
}
