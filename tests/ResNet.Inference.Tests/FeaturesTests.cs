using ResNet.Core;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests;

public sealed class FeaturesTests : IDisposable
{
    private const int Side = 40;

    private readonly SavedNetwork _saved = new("resnet20");
    private readonly InferenceModel _model;
    private readonly float[] _images = [.. Enumerable.Range(0, 2 * 3 * Side * Side).Select(i => MathF.Sin(i * 0.37f))];
    private readonly byte[] _pixels = [.. Enumerable.Range(0, 2 * 3 * Side * Side).Select(i => (byte)(i * 7 % 251))];

    public FeaturesTests() => _model = InferenceModel.Open(_saved.File);

    public void Dispose()
    {
        _model.Dispose();
        _saved.Dispose();
    }

    [Theory]
    [InlineData("resnet20", 40, 51)]
    [InlineData("resnet56", 32, 32)]
    [InlineData("resnet18", 70, 45)]
    [InlineData("resnet50", 64, 64)]
    [InlineData("resnet50_v1", 33, 64)]
    [InlineData("resnet18d", 70, 45)]
    [InlineData("resnet50d", 64, 33)]
    [InlineData("resnext50_32x4d", 64, 64)]
    [InlineData("preact_resnet18", 70, 45)]
    [InlineData("preact_resnet110", 32, 32)]
    [InlineData("plain20", 32, 32)]
    public void Features_and_stage_outputs_are_those_of_the_network_itself(string name, int height, int width)
    {
        using var saved = new SavedNetwork(name);
        Compare(saved, height, width);
    }

    [Fact]
    public void A_stage_that_is_dilated_has_its_own_size()
    {
        using var network = ResNets.Create("resnet18", options => options with { OutputStride = 8, Classes = 7, InputChannels = 1 });
        using var saved = new SavedNetwork(network);
        Compare(saved, 70, 45);
    }

    [Fact]
    public void Bytes_give_the_features_and_stages_of_the_same_floats()
    {
        var floats = new float[_pixels.Length];
        int plane = Side * Side;
        for (int i = 0; i < _pixels.Length; i++)
        {
            var (pixel, c) = Math.DivRem(i, 3);
            floats[(((pixel / plane * 3) + c) * plane) + (pixel % plane)] = _pixels[i] / 255f;
        }
        float[] expected = new float[2 * 64], actual = new float[2 * 64];
        _model.Features(floats, 2, Side, Side, expected);
        _model.Features(_pixels, 2, Side, Side, actual);
        actual.Should().Equal(expected);
        float[] expectedMap = Map(2), actualMap = Map(2);
        _model.StageOutputs(floats, 2, Side, Side, [null, null, expectedMap]);
        _model.StageOutputs(_pixels, 2, Side, Side, [null, null, actualMap]);
        actualMap.Should().Equal(expectedMap);
    }

    [Fact]
    public void Stages_that_are_read_together_are_those_that_are_read_alone()
    {
        float[][] together = [.. Enumerable.Range(0, 4).Select(Map)];
        _model.StageOutputs(_images, 2, Side, Side, [.. together.Select(map => map.AsMemory())]);
        for (int stage = 0; stage <= _model.Stages; stage++)
        {
            var maps = new Memory<float>[stage + 1];
            float[] alone = Map(stage);
            maps[stage] = alone;
            _model.StageOutputs(_images, 2, Side, Side, maps);
            alone.Should().Equal(together[stage], "stage {0}", stage);
        }
    }

    [Fact]
    public async Task Callers_at_the_same_time_get_their_own_results()
    {
        float[] features = new float[2 * 64], scores = new float[20], map = Map(1);
        _model.Features(_images, 2, Side, Side, features);
        _model.Run(_images, 2, Side, Side, scores);
        _model.StageOutputs(_images, 2, Side, Side, [null, map]);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(caller => Task.Run(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                float[] expected = (caller % 3) switch { 0 => features, 1 => scores, _ => map };
                var actual = new float[expected.Length];
                if (caller % 3 == 0) _model.Features(_images, 2, Side, Side, actual);
                else if (caller % 3 == 1) _model.Run(_images, 2, Side, Side, actual);
                else _model.StageOutputs(_images, 2, Side, Side, [null, actual]);
                actual.Should().Equal(expected);
            }
        })));
    }

    // The test's host allocates now and then, on threads of its own: what a call allocates would show in each round.
    [Fact]
    public void Calls_like_those_before_allocate_nothing_on_any_thread()
    {
        float[] scores = new float[20], features = new float[2 * 64], stem = Map(0), last = Map(3);
        long here = long.MaxValue, anywhere = long.MaxValue;
        for (int round = 0; round < 50; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread(), allBefore = GC.GetTotalAllocatedBytes(precise: true);
            _model.Run(_images, 2, Side, Side, scores);
            _model.Run(_pixels, 2, Side, Side, scores);
            _model.Features(_images, 2, Side, Side, features);
            _model.Features(_pixels, 2, Side, Side, features);
            _model.StageOutputs(_images, 2, Side, Side, [stem, null, null, last]);
            _model.StageOutputs(_pixels, 2, Side, Side, [stem, null, null, last]);
            here = Math.Min(here, GC.GetAllocatedBytesForCurrentThread() - before);
            anywhere = Math.Min(anywhere, GC.GetTotalAllocatedBytes(precise: true) - allBefore);
        }
        here.Should().Be(0);
        anywhere.Should().Be(0);
    }

    [Fact]
    public void Lengths_and_stages_that_do_not_fit_are_refused()
    {
        Refusal(() => _model.Features(_images, 2, Side, Side, new float[64]))
            .Should().Be("The features have room for 64 numbers, but 2 × 64 are needed.");
        Refusal(() => _model.Features(_images, 1, Side, Side, new float[64]))
            .Should().Be("The images have 9600 numbers, but 1 × 3 × 40 × 40 are 4800.");
        Refusal(() => _model.StageOutputs(_images, 2, Side, Side, [null, new float[16]]))
            .Should().Be("The map of stage 1 has room for 16 numbers, but 2 × 16 × 40 × 40 are needed.");
        Refusal(() => _model.StageOutputs(_images, 2, Side, Side, new Memory<float>[5]))
            .Should().Be("There are 5 maps, but the network has 4 outputs: the stem's, and one of each stage.");
        Refusal(() => _model.StageOutputs([float.NaN, .. _images[1..]], 2, Side, Side, [Map(0)]))
            .Should().StartWith("The images contain NaN or infinite numbers: give finite ones.");
        Refusal(() => _model.StageShape(4, Side, Side)).Should().Be("InferenceModel.stage is 4, but has to be 0, the stem, to 3.");
        Refusal(() => _model.StageShape(-1, Side, Side)).Should().Be("InferenceModel.stage is -1, but has to be 0, the stem, to 3.");
        Refusal(() => _model.StageShape(1, Side, 0)).Should().StartWith("There are 1 images of 40 × 0 pixels");

        static string Refusal(Action call) => call.Should().Throw<ArgumentException>().Which.Message;
    }

    [Fact]
    public void A_cancelled_call_stops()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Action features = () => _model.Features(_images, 2, Side, Side, new float[2 * 64], cancelled.Token);
        features.Should().Throw<OperationCanceledException>();
        Action stages = () => _model.StageOutputs(_images, 2, Side, Side, [Map(0)], cancelled.Token);
        stages.Should().Throw<OperationCanceledException>();
    }

    private static void Compare(SavedNetwork saved, int height, int width)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var network = saved.Network;
        var input = randn(2, network.Options.InputChannels, height, width);
        float[] images = [.. input.data<float>()];
        var expected = network.ForwardStages(input);
        var (_, pooled) = network.ForwardFeatures(input);
        foreach (int tile in new[] { 0, 4 })
        {
            using var model = InferenceModel.Open(saved.File, new InferenceOptions { WinogradTile = tile });
            double most = tile == 0 ? 1e-5 : 1e-4;
            model.FeatureCount.Should().Be(network.FeatureCount);
            var features = new float[2 * model.FeatureCount];
            model.Features(images, 2, height, width, features);
            Deviation(pooled, features).Should().BeLessThan(most);

            model.Stages.Should().Be(network.Stages);
            var maps = new float[model.Stages + 1][];
            for (int stage = 0; stage < maps.Length; stage++)
            {
                var (channels, rows, columns) = model.StageShape(stage, height, width);
                expected[stage].shape.Should().Equal(2, channels, rows, columns);
                maps[stage] = new float[2 * channels * rows * columns];
            }
            model.StageOutputs(images, 2, height, width, [.. maps.Select(map => map.AsMemory())]);
            for (int stage = 0; stage < maps.Length; stage++)
                Deviation(expected[stage], maps[stage]).Should().BeLessThan(most, "stage {0}, tiles of {1}", stage, tile);
        }
    }

    // The largest deviation, relative to the largest number.
    private static double Deviation(Tensor expected, float[] actual)
    {
        float[] values = [.. expected.contiguous().data<float>()];
        return values.Zip(actual, (left, right) => Math.Abs(left - right)).Max() / values.Max(Math.Abs);
    }

    private float[] Map(int stage)
    {
        var (channels, height, width) = _model.StageShape(stage, Side, Side);
        return new float[2 * channels * height * width];
    }
}
