using ResNet.Testing;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Passes;

/// <summary>Losses of many steps with kernels of this library are as close to libtorch's as libtorch's of two memory orders are.</summary>
/// <remarks>Rounding errors grow from step to step, whoever makes them, so the curves themselves differ.</remarks>
public sealed class LossCurveTests(ITestOutputHelper output)
{
    private const int Steps = 50, Classes = 10, Batches = 5;

    [LongTheory]
    [InlineData("resnet18", 16, 64)]
    [InlineData("resnet50", 16, 64)]
    [InlineData("resnet20", 64, 32)]
    public void Fifty_steps_are_within_the_spread_of_libtorch(string name, int images, int size)
    {
        double[] first = Learn(name, images, size, TrainingEngine.Torch, channelsLast: false);
        double[] second = Learn(name, images, size, TrainingEngine.Torch, channelsLast: true);
        double[] ours = Learn(name, images, size, TrainingEngine.Kernels, channelsLast: false);
        ours[^1].Should().BeLessThan(ours[0]);
        double spread = Difference(first, second), difference = Math.Min(Difference(ours, first), Difference(ours, second));
        output.WriteLine(
            $"{name}: losses {first[0]:0.000} to {first[^1]:0.000}, {second[^1]:0.000} and {ours[^1]:0.000}; mean differences "
            + $"{spread:0.0000} between libtorch's two, {difference:0.0000} between ours and the nearer one");
        difference.Should().BeLessThanOrEqualTo((2 * spread) + 0.01);
    }

    private static double Difference(double[] one, double[] other) => one.Zip(other, (a, b) => Math.Abs(a - b)).Average();

    private static double[] Learn(string name, int images, int size, TrainingEngine engine, bool channelsLast)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var patterns = randn([Classes, 3, size, size], generator: generator);
        var labels = arange(images) % Classes;
        Tensor[] batches =
        [
            .. Enumerable.Range(0, Batches).Select(_ => patterns[labels] + randn([images, 3, size, size], generator: generator).mul(2)),
        ];
        using var model = ResNets.Create(name, Classes, seed: 1);
        model.TrainingEngine = engine;
        if (channelsLast) model.ToChannelsLast();
        using var optimizer = optim.SGD(model.parameters(), 0.01, momentum: 0.9);
        double[] losses = new double[Steps];
        for (int step = 0; step < Steps; step++)
        {
            using var inner = NewDisposeScope();
            var batch = batches[step % Batches];
            optimizer.zero_grad();
            var loss = functional.cross_entropy(model.call(channelsLast ? ResNetModel.ChannelsLast(batch) : batch), labels);
            loss.backward();
            optimizer.step();
            losses[step] = loss.ToDouble();
        }
        return losses;
    }
}
