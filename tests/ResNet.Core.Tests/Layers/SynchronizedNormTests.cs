using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Layers;

/// <summary>Norms of several processes are those of the concatenated batch.</summary>
public sealed class SynchronizedNormTests
{
    private const int Channels = 5;

    // The images of each process; one has none that count.
    [Theory]
    [InlineData(new[] { 3, 1, 4 }, 0.1)]
    [InlineData(new[] { 2, 0, 1 }, 0.1)]
    [InlineData(new[] { 6 }, 0.1)]
    [InlineData(new[] { 2, 2 }, 0.3)]
    public void Values_and_gradients_are_those_of_one_batch(int[] images, double momentum)
    {
        using var random = new Generator(3);
        var all = randn([images.Sum(), Channels, 3, 4], ScalarType.Float64, generator: random).mul(3).add(7);
        var outer = randn(all.shape, ScalarType.Float64, generator: random);
        using var norm = Create(momentum);
        var expected = Compute(norm, all, outer, sums: null);
        var results = Run(images, (rank, sums) =>
        {
            using var own = Create(momentum);
            bool counts = images[rank] > 0;
            int begin = images.Take(rank).Sum();
            var (input, gradient) = counts
                ? (all.narrow(0, begin, images[rank]), outer.narrow(0, begin, images[rank]))
                : (all.narrow(0, 0, 1), zeros_like(all.narrow(0, 0, 1)));
            var result = Compute(own, input, gradient, sums, counts);
            return result with { Output = result.Output.narrow(0, 0, images[rank]), Input = result.Input.narrow(0, 0, images[rank]) };
        });
        Same(cat([.. results.Select(result => result.Output)]), expected.Output);
        Same(cat([.. results.Select(result => result.Input)]), expected.Input);
        // The gradients of all processes are summed with the others.
        Same(stack([.. results.Select(result => result.Weight)]).sum(dim: 0), expected.Weight);
        Same(stack([.. results.Select(result => result.Bias)]).sum(dim: 0), expected.Bias);
        foreach (var result in results)
        {
            Same(result.Mean, expected.Mean);
            Same(result.Variance, expected.Variance);
            result.Batches.Should().Be(expected.Batches);
        }
    }

    [Fact]
    public void A_failure_while_gradients_are_computed_is_kept()
    {
        int calls = 0;
        var sums = new BatchSums(_ =>
        {
            if (++calls == 2) throw new InvalidOperationException("lost");
        });
        using var norm = Create(0.1);
        var images = rand(2, Channels, 2, 2, ScalarType.Float64);
        Action compute = () => Compute(norm, images, images, sums);
        compute.Should().Throw<System.Runtime.InteropServices.ExternalException>();
        sums.Failure!.Message.Should().Be("lost");
        BatchSums.Current.Should().BeNull();
    }

    private static Result Compute(BatchNorm2d norm, Tensor input, Tensor gradient, BatchSums? sums, bool counts = true)
    {
        var leaf = input.detach().clone().requires_grad_();
        Tensor output;
        using (sums?.Begin(counts)) output = new TensorValue(leaf).Then(norm).Tensor;
        output.backward([gradient]);
        return new Result(
            output.detach(), leaf.grad!, norm.weight.grad!, norm.bias!.grad!, norm.running_mean!.clone(), norm.running_var!.clone(),
            norm.num_batches_tracked!.to(ScalarType.Int64).item<long>());
    }

    private static BatchNorm2d Create(double momentum)
    {
        var norm = nn.BatchNorm2d(Channels, momentum: momentum, dtype: ScalarType.Float64);
        using var untracked = no_grad();
        norm.weight.copy_(linspace(0.5, 2, Channels, ScalarType.Float64));
        norm.bias!.copy_(linspace(-1, 1, Channels, ScalarType.Float64));
        norm.running_mean!.copy_(linspace(3, 9, Channels, ScalarType.Float64));
        norm.train();
        return norm;
    }

    // Threads in place of processes.
    private static Result[] Run(int[] images, Func<int, BatchSums, Result> act)
    {
        using var barrier = new Barrier(images.Length);
        var tensors = new Tensor[images.Length];
        var results = new Result[images.Length];
        var threads = images.Select((_, rank) => new Thread(() => results[rank] = act(rank, new BatchSums(tensor =>
        {
            tensors[rank] = tensor;
            barrier.SignalAndWait();
            using var sum = stack(tensors).sum(dim: 0);
            barrier.SignalAndWait();
            tensor.copy_(sum);
        })))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return results;
    }

    private static void Same(Tensor actual, Tensor expected) =>
        ((actual - expected).abs().max() / expected.abs().max()).item<double>().Should().BeLessThan(1e-10);

    private sealed record Result(
        Tensor Output, Tensor Input, Tensor Weight, Tensor Bias, Tensor Mean, Tensor Variance, long Batches);
}
