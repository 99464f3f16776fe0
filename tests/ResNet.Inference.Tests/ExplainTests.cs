using ResNet.Core.Inspection;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests;

public sealed class ExplainTests : IDisposable
{
    private readonly SavedNetwork _saved = new("resnet20");
    private readonly InferenceModel _model;

    public ExplainTests() => _model = InferenceModel.Open(_saved.File);

    public void Dispose()
    {
        _model.Dispose();
        _saved.Dispose();
    }

    [Theory]
    [InlineData("resnet20", 40, 51)]
    [InlineData("resnet18", 96, 70)]
    [InlineData("resnet50", 64, 128)]
    [InlineData("resnet18d", 70, 96)]
    public void Maps_are_those_of_GradCam_for_given_and_for_likeliest_classes(string name, int height, int width)
    {
        using var saved = new SavedNetwork(name);
        using var model = InferenceModel.Open(saved.File);
        using var scope = NewDisposeScope();
        var input = randn(3, 3, height, width);
        foreach (int[]? classes in new[] { null, new[] { 3, 0, 9 } })
        {
            var (scores, maps) = Explain(model, input, classes);
            float[] expected = [.. GradCam.Compute(saved.Network, input, classes, saved.Network.Stages).data<float>()];
            Largest(expected, maps).Should().BeLessThan(1e-4);
            expected.Max().Should().BeApproximately(1, 1e-6f, "there is evidence");
            using var _ = no_grad();
            float[] logits = [.. saved.Network.call(input).data<float>()];
            (Largest(logits, scores) / logits.Max(Math.Abs)).Should().BeLessThan(1e-4);
        }
    }

    [Fact]
    public void A_map_of_a_network_with_pre_activation_is_that_of_its_last_norm()
    {
        using var saved = new SavedNetwork("preact_resnet18");
        using var model = InferenceModel.Open(saved.File);
        using var scope = NewDisposeScope();
        var input = randn(1, 3, 96, 64);
        using var _ = no_grad();
        var (map, _) = saved.Network.ForwardFeatures(input);
        var weights = saved.Network.get_parameter("fc.weight")![4].view(1, -1, 1, 1);
        var expected = nn.functional.interpolate(
            (map * weights).sum(1, keepdim: true).relu(), [96, 64], mode: InterpolationMode.Bilinear, align_corners: false);
        var (_, maps) = Explain(model, input, [4]);
        Largest([.. (expected / expected.max()).data<float>()], maps).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void An_image_without_evidence_for_a_class_has_a_map_of_zeros()
    {
        // The last map is never negative.
        using (no_grad()) _saved.Network.get_parameter("fc.weight")![2].fill_(-1);
        _saved.Network.SaveForInference(_saved.File);
        using var model = InferenceModel.Open(_saved.File);
        using var input = randn(1, 3, 32, 32);
        Explain(model, input, [2]).Maps.Should().OnlyContain(value => value == 0);
    }

    [Fact]
    public void Bytes_have_the_map_of_the_same_floats()
    {
        byte[] pixels = [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 7))];
        var floats = new float[pixels.Length];
        for (int i = 0; i < pixels.Length; i++) floats[(i % 3 * 32 * 32) + (i / 3)] = pixels[i] / 255f;
        float[] expected = new float[32 * 32], actual = new float[32 * 32], scores = new float[10];
        _model.Explain(floats, 1, 32, 32, scores, expected, [1]);
        _model.Explain(pixels, 1, 32, 32, scores, actual, [1]);
        actual.Should().Equal(expected);
    }

    [Fact]
    public void Lengths_and_classes_that_do_not_fit_are_refused()
    {
        var image = new float[3 * 32 * 32];
        Refusal(() => _model.Explain(image, 1, 32, 32, new float[9], new float[32 * 32]))
            .Should().Be("The scores have room for 9 numbers, but 1 × 10 are needed.");
        Refusal(() => _model.Explain(image, 1, 32, 32, new float[10], new float[32]))
            .Should().Be("The maps have room for 32 numbers, but 1 × 32 × 32 are needed.");
        Refusal(() => _model.Explain(image, 1, 32, 32, new float[10], new float[32 * 32], [1, 2]))
            .Should().Be("The number of classes is 2, but that of the images is 1: give one for each.");
        Refusal(() => _model.Explain(image, 1, 32, 32, new float[10], new float[32 * 32], [10]))
            .Should().StartWith("There is no class 10: this network has 0 to 9.");

        static string Refusal(Action call) => call.Should().Throw<ArgumentException>().Which.Message;
    }

    private static (float[] Scores, float[] Maps) Explain(InferenceModel model, Tensor input, int[]? classes)
    {
        int images = (int)input.shape[0], height = (int)input.shape[2], width = (int)input.shape[3];
        var scores = new float[images * model.ClassCount];
        var maps = new float[images * height * width];
        model.Explain([.. input.data<float>()], images, height, width, scores, maps, classes);
        return (scores, maps);
    }

    private static double Largest(float[] expected, float[] actual) =>
        expected.Zip(actual, (left, right) => (double)Math.Abs(left - right)).Max();
}
