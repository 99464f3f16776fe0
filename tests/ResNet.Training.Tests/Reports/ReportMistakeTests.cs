using ResNet.Core;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Reports;
using ResNet.Training.Tests.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Reports;

public sealed class ReportMistakeTests : IDisposable
{
    private const int Count = 8;

    private static readonly string[] s_classes = [.. Enumerable.Range(0, Count).Select(i => $"class {i}")];

    private readonly LoaderPictures _pictures = new(Count);
    private readonly ResNetModel _network;
    private readonly ImageLoader _loader;

    public ReportMistakeTests()
    {
        manual_seed(1);
        _network = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(Count).Build();
        _loader = _pictures.Loader(
            new ImageLoaderOptions { BatchSize = 3 }, new Compose(new Resize(new ImageSize(48, 64)), Normalize.ImageNet));
    }

    public void Dispose()
    {
        _network.Dispose();
        _pictures.Dispose();
    }

    [Fact]
    public void Each_mistake_has_what_the_network_saw_and_a_map_of_the_same_proportions()
    {
        var mistakes = new Evaluator(_loader).Evaluate(_network).Mistakes;
        long before = LiveTensors.Count();
        var drawn = ReportMistake.Draw(_network, _loader, mistakes, s_classes);
        Tensor.TotalCount.Should().Be(before);
        drawn.Should().HaveSameCount(mistakes).And.NotBeEmpty();
        foreach (var (report, mistake) in drawn.Zip(mistakes))
        {
            (report.Name, report.Class, report.Predicted, report.Probability)
                .Should().Be((mistake.Name, s_classes[mistake.Class], s_classes[mistake.Predicted], mistake.Probability));
            using var picture = Decoded(report.Picture);
            using var map = Decoded(report.HeatMap);
            (picture.Width, picture.Height, map.Width, map.Height).Should().Be((64, 48, 32, 24));
            using var original = ImageDecoder.Open(mistake.Name, 3);
            byte[] expected = new byte[64 * 48 * 3];
            new Compose(new Resize(new ImageSize(48, 64))).Apply(original, expected);
            picture.Rows(0, 48).SequenceEqual(expected).Should().BeTrue();
        }
    }

    [Fact]
    public void Images_that_are_gone_are_left_out()
    {
        var mistakes = new Evaluator(_loader).Evaluate(_network).Mistakes;
        _pictures.Delete(mistakes[0].Index);
        ReportMistake.Draw(_network, _loader, mistakes, s_classes).Select(mistake => mistake.Name)
            .Should().Equal(mistakes.Skip(1).Select(mistake => mistake.Name));
        for (int i = 1; i < mistakes.Count; i++) _pictures.Delete(mistakes[i].Index);
        ReportMistake.Draw(_network, _loader, mistakes, s_classes).Should().BeEmpty();
    }

    [Fact]
    public void Names_for_another_number_of_classes_are_refused()
    {
        var draw = () => ReportMistake.Draw(_network, _loader, [], ["a"]);
        draw.Should().Throw<ArgumentException>()
            .WithMessage("There are 1 class names, but the network has 8 classes: give one name for each.*");
    }

    private DecodedImage Decoded(ReadOnlyMemory<byte> png)
    {
        string path = Path.Combine(Path.GetDirectoryName(_pictures.Samples[0].Path)!, "decoded.png");
        File.WriteAllBytes(path, png.ToArray());
        return ImageDecoder.Open(path, 3);
    }
}
