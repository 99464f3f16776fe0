using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Blocks;

public class TensorValueTests
{
    // In training, a convolution with an output of one pixel is computed as a linear layer, and its hooks do not run.
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void A_convolution_is_recognised_by_its_type_at_run_time(bool training, int hookCalls)
    {
        using var convolution = Convolutions.Conv3x3(4, 6);
        using var scope = NewDisposeScope();
        convolution.train(training);
        var x = new TensorValue(randn([2, 4, 1, 1]));
        int calls = 0;
        convolution.register_forward_hook((_, _, output) =>
        {
            calls++;
            return output;
        });
        Module<Tensor, Tensor> asModule = convolution;
        Module asAnything = convolution;
        var results = new[] { x.Then(convolution), x.Then(asModule), x.Then(asAnything) };
        calls.Should().Be(3 * hookCalls);
        var expected = functional.conv2d(x.Tensor, convolution.weight, padding: [1, 1]);
        foreach (var result in results) result.Tensor.allclose(expected, rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void A_layer_that_does_not_compute_a_tensor_from_a_tensor_is_refused()
    {
        using var bilinear = Bilinear(2, 2, 2);
        using var x = zeros(1, 2);
        var apply = () => new TensorValue(x).Then(bilinear);
        apply.Should().Throw<ArgumentException>().WithMessage("A Bilinear does not compute a tensor from a tensor.*");
    }

    [Fact]
    public void A_kept_tensor_stays_as_it_is()
    {
        using var scope = NewDisposeScope();
        using var convolution = Convolutions.Conv1x1(2, 2);
        var input = randn([3, 2, 4, 4]);
        var before = input.clone();
        var x = new TensorValue(input);
        x.Relu();
        x.Add(new TensorValue(ones_like(input)));
        x.Then(Identity()).Relu();
        x.DropImages(0.5);
        x.Dropout(0.5);
        x.Flatten().Relu();
        x.Then(convolution).Add(x);
        input.allclose(before, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void A_temporary_tensor_is_overwritten_in_place_and_disposed_of_after_its_use()
    {
        using var scope = NewDisposeScope();
        using var convolution = Convolutions.Conv1x1(2, 2);
        using var _ = no_grad();
        var first = new TensorValue(randn([3, 2, 4, 4])).Then(convolution);
        first.Relu().Tensor.Should().BeSameAs(first.Tensor);
        first.Tensor.min().ToDouble().Should().Be(0);
        var second = first.Then(convolution);
        first.Tensor.IsInvalid.Should().BeTrue();
        var third = second.Keep().Then(convolution);
        second.Tensor.IsInvalid.Should().BeFalse("it was kept");
        var sum = third.Add(second);
        sum.Tensor.Should().BeSameAs(third.Tensor);
        second.Tensor.IsInvalid.Should().BeTrue();
    }
}
