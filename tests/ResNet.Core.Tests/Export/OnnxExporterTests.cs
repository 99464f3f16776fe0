using ResNet.Core.Blocks;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Export;

public sealed class OnnxExporterTests : IDisposable
{
    private static readonly Preprocessing s_preprocessing =
        new(40, 32, ImageInterpolation.Bilinear, [0.5f, 0.4f, 0.3f], [0.2f, 0.2f, 0.25f]);

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("network.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AFilePath_has_the_fused_networks_weights_under_their_names()
    {
        using var network = Small();
        OnnxExporter.Export(network, FilePath);
        var file = OnnxModel.Read(File.ReadAllBytes(FilePath));
        (file.IrVersion, file.Opset).Should().Be((8, 17));
        file.Metadata.Should().BeEmpty();
        file.Operators.Should().Equal(
            "Conv", "Relu", "MaxPool", "Conv", "Relu", "Conv", "Add", "Relu", "GlobalAveragePool", "Flatten", "Gemm");
        using var fused = network.FuseForInference();
        file.Weights.Keys.Should().BeEquivalentTo(fused.state_dict().Keys);
        foreach (var (name, value) in fused.state_dict())
        {
            using var row = value.contiguous();
            file.Weights[name].Shape.Should().Equal(value.shape);
            file.Weights[name].Values.Should().Equal(row.data<float>().ToArray());
        }
    }

    [Fact]
    public void Metadata_say_what_the_classes_are_called_and_what_images_need()
    {
        using var network = Small();
        OnnxExporter.Export(
            network, FilePath, new OnnxExportOptions { Classes = ["Äpfel", "\"pears\"", "plums"], Preprocessing = s_preprocessing });
        var metadata = OnnxModel.Read(File.ReadAllBytes(FilePath)).Metadata;
        metadata.Keys.Should().BeEquivalentTo("classes", "preprocessing");
        System.Text.Json.JsonSerializer.Deserialize<string[]>(metadata["classes"]).Should().Equal("Äpfel", "\"pears\"", "plums");
        metadata["preprocessing"].Should().Be(
            """{"resize":40,"crop":32,"interpolation":"bilinear","mean":[0.5,0.4,0.3],"deviation":[0.2,0.2,0.25]}""");
    }

    [Fact]
    public void Exporting_leaves_the_network_the_random_numbers_and_no_tensors_behind()
    {
        using var network = Small();
        using var images = randn([2, 3, 32, 32]);
        network.eval();
        using var before = network.call(images);
        network.train();
        manual_seed(6);
        float next = rand(1).item<float>();
        manual_seed(6);
        long tensors = LiveTensors.Count();
        var options = new OnnxExportOptions { Preprocessing = s_preprocessing, TakesPixels = true, GivesProbabilities = true };
        OnnxExporter.Export(network, FilePath, options);
        // The exporter folds the norms of a copy of the network.
        using var copy = network.FuseForInference();
        int parameters = copy.parameters().Count();
        copy.Dispose();
        LiveTensors.Count(2 * parameters).Should().Be(tensors);
        rand(1).item<float>().Should().Be(next);
        network.training.Should().BeTrue();
        network.eval();
        using var after = network.call(images);
        after.allclose(before, rtol: 0, atol: 0).Should().BeTrue();

        using var stream = new MemoryStream();
        stream.WriteByte(7);
        OnnxExporter.Export(network, stream, options);
        stream.ToArray().Should().Equal([7, .. File.ReadAllBytes(FilePath)]);
    }

    public static TheoryData<OnnxExportOptions, string> BadOptions => new()
    {
        { new() { Classes = ["a", "b"] }, "OnnxExportOptions.Classes.Count is 2, but has to be 3, as the network has classes." },
        {
            new() { TakesPixels = true },
            "OnnxExportOptions.TakesPixels is true, but has to be false where Preprocessing does not say what to do to them."
        },
        {
            new() { Preprocessing = new(40, 32, ImageInterpolation.Bilinear, [0.5f], [0.5f]) },
            "OnnxExportOptions.Preprocessing.Mean.Count is 1, but has to be 3, as the network has channels."
        },
        {
            new() { Preprocessing = s_preprocessing with { ResizeTo = 24 }, TakesPixels = true },
            "OnnxExportOptions.Preprocessing.CropSize is 32, but has to be at most 24, "
            + "what images are resized to, where TakesPixels is true."
        },
        {
            new() { Preprocessing = s_preprocessing with { Interpolation = ImageInterpolation.Nearest }, TakesPixels = true },
            "OnnxExportOptions.Preprocessing.Interpolation is Nearest, but has to be Bilinear or Bicubic where TakesPixels is true."
        },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Options_that_do_not_fit_are_refused_and_a_formerFilePath_stays(OnnxExportOptions options, string message)
    {
        using var network = Small();
        File.WriteAllText(FilePath, "former");
        var export = () => OnnxExporter.Export(network, FilePath, options);
        export.Should().Throw<ArgumentException>().WithMessage(message + "*");
        File.ReadAllText(FilePath).Should().Be("former");
    }

    [Fact]
    public void A_norm_of_ones_own_cannot_be_exported_and_a_formerFilePath_stays()
    {
        using var network = new ResNetBuilder().StageDepths(1).Classes(3)
            .Norm(Norm.From(channels => nn.Dropout(channels / 1000.0))).Build();
        File.WriteAllText(FilePath, "former");
        var export = () => OnnxExporter.Export(network, FilePath);
        export.Should().Throw<ArgumentException>().WithMessage(
            "The network's layer Dropout cannot be exported: "
            + "ONNX files are made of convolutions, batch norms, group norms and what comes with them.");
        File.ReadAllText(FilePath).Should().Be("former");
        Directory.GetFiles(_folder.Path).Should().Equal(FilePath);
    }

    private static ResNetModel Small()
    {
        manual_seed(1);
        return new ResNetBuilder().StageDepths(1).Classes(3).Build();
    }
}
