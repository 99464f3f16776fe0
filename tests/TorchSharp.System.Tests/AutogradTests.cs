using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Gradients, and when operations are recorded for them.</summary>
public class AutogradTests
{
    [Fact]
    public void The_gradient_of_a_small_expression_is_the_one_worked_out_by_hand()
    {
        // f = a² b + b / a; df/da = 2 a b - b / a², df/db = a² + 1 / a
        Tensor a = tensor(2f, requires_grad: true), b = tensor(-3f, requires_grad: true);
        var f = (a * a * b) + (b / a);
        f.backward();
        f.ShouldBe(-13.5);
        a.grad!.ShouldBe(-11.25);
        b.grad!.ShouldBe(4.5);
    }

    [Fact]
    public void Gradients_of_many_operations_are_PyTorchs()
    {
        // x = pattern(2, 3).requires_grad_(); w = pattern(3, 4, start=3).requires_grad_()
        // h = (x @ w).sigmoid(); y = (h.log_softmax(1)[:, 1:3] * h.narrow(1, 0, 2)).sum() + (x.exp() + 1).log().mean() + w.abs().max() + x.std()
        // y.backward()
        Tensor x = Pattern([2, 3]).requires_grad_(), w = Pattern([3, 4], 3).requires_grad_();
        var h = x.matmul(w).sigmoid();
        var y = (h.log_softmax(1)[TensorIndex.Colon, 1..3] * h.narrow(1, 0, 2)).sum() + (x.exp() + 1).log().mean() + w.abs().max() + x.std();
        y.backward();
        y.ShouldBe(0.10581106);
        x.grad!.ShouldBe([2, 3], [-0.69096583, 0.39269444, 0.29752225, 0.07911652, 0.44149446, -0.14548081]);
        w.grad!.ShouldBe([3, 4], [
            0.5745589, -0.094287395, 0.034415253, -0.08634273, -0.20324355, -0.13395998, 0.01255714, -0.0251869, -0.05892089, 0.24840993,
            -0.030105967, 0.39833623
        ]);
    }

    [Fact]
    public void Gradients_accumulate()
    {
        var x = tensor(new[] { 1f, 2f }, requires_grad: true);
        (x * x).sum().backward();
        x.grad!.ShouldBe([2], [2, 4]);
        (3 * x).sum().backward();
        x.grad!.ShouldBe([2], [5, 7]);
    }

    [Fact]
    public void There_is_no_gradient_before_backward_and_none_after_it_was_taken_away()
    {
        var x = ones(2, requires_grad: true);
        x.grad.Should().BeNull();
        x.sum().backward();
        x.grad.Should().NotBeNull();
        x.grad = null;
        x.grad.Should().BeNull();
        x.grad = full([2], 5f);
        x.sum().backward();
        x.grad!.ShouldBe([2], [6, 6]);
    }

    [Fact]
    public void Backward_of_several_elements_needs_a_gradient_for_each()
    {
        var x = tensor(new[] { 1f, 2f }, requires_grad: true);
        // (x * x).backward()
        LibtorchError(() => (x * x).backward()).Should().Be("grad can be implicitly created only for scalar outputs");
        (x * x).backward([tensor(new[] { 10f, 100f })]);
        x.grad!.ShouldBe([2], [20, 400]);
    }

    [Fact]
    public void Backward_from_several_tensors_adds_up()
    {
        var x = tensor(3f, requires_grad: true);
        autograd.backward([x * x, 2 * x]);
        x.grad!.ShouldBe(8);
    }

    [Fact]
    public void Backward_can_be_limited_to_some_inputs()
    {
        Tensor x = tensor(3f, requires_grad: true), y = tensor(4f, requires_grad: true);
        (x * y).backward(inputs: [y]);
        x.grad.Should().BeNull();
        y.grad!.ShouldBe(3);
    }

    [Fact]
    public void A_second_backward_needs_the_graph_retained()
    {
        var x = tensor(3f, requires_grad: true);
        var y = x * x;
        y.backward(retain_graph: true);
        y.backward();
        x.grad!.ShouldBe(12);
        LibtorchError(() => y.backward()).Should().StartWith("Trying to backward through the graph a second time");
        x.grad!.ShouldBe(12);
    }

    [Fact]
    public void Gradients_can_have_gradients()
    {
        // f = x³; f' = 12 and f'' = 12 at x = 2
        var x = tensor(2f, requires_grad: true);
        autograd.backward([x * x * x], create_graph: true);
        var first = x.grad!;
        first.ShouldBe(12);
        first.requires_grad.Should().BeTrue();
        x.grad = null;
        first.backward();
        x.grad!.ShouldBe(12);
        x.grad = null;
    }

    [Fact]
    public void Backward_of_what_was_not_recorded_is_refused()
    {
        // torch.ones(1).backward()
        LibtorchError(() => ones(1).backward()).Should().Be("element 0 of tensors does not require grad and does not have a grad_fn");
    }

    [Fact]
    public void Leaves_are_what_was_not_computed_from_what_requires_gradients()
    {
        var x = ones(2, requires_grad: true);
        x.is_leaf.Should().BeTrue();
        (x * 2).is_leaf.Should().BeFalse();
        (x * 2).requires_grad.Should().BeTrue();
        ones(2).is_leaf.Should().BeTrue();
        (ones(2) * 2).is_leaf.Should().BeTrue();
        (ones(2) * 2).requires_grad.Should().BeFalse();
        (x * 2).detach().is_leaf.Should().BeTrue();
    }

    [Fact]
    public void Only_leaves_keep_their_gradient()
    {
        var x = ones(2, requires_grad: true);
        var y = x * 2;
        y.sum().backward();
        y.grad.Should().BeNull();
        x.grad!.ShouldBe([2], [2, 2]);
    }

    [Fact]
    public void Detached_tensors_stop_the_gradient_but_share_the_memory()
    {
        var x = tensor(3f, requires_grad: true);
        var d = x.detach();
        d.requires_grad.Should().BeFalse();
        (x * d).backward();
        x.grad!.ShouldBe(3);
        d.fill_(7);
        x.ShouldBe(7);
    }

    [Fact]
    public void Requires_grad_can_be_switched()
    {
        var x = zeros(2);
        x.requires_grad_().Should().BeSameAs(x);
        x.requires_grad.Should().BeTrue();
        x.requires_grad = false;
        (x * 2).requires_grad.Should().BeFalse();
        x.with_requires_grad().Should().BeSameAs(x);
        x.requires_grad.Should().BeTrue();
    }

    [Fact]
    public void No_grad_records_nothing_until_it_ends()
    {
        var x = ones(1, requires_grad: true);
        is_grad_enabled().Should().BeTrue();
        using (no_grad())
        {
            is_grad_enabled().Should().BeFalse();
            (x * 2).requires_grad.Should().BeFalse();
            x.add_(1);
        }
        is_grad_enabled().Should().BeTrue();
        (x * 2).requires_grad.Should().BeTrue();
        x.ShouldBe([1], [2]);
        x.is_leaf.Should().BeTrue();
    }

    [Fact]
    public void Gradient_modes_nest()
    {
        using (no_grad())
        {
            using (enable_grad())
            {
                is_grad_enabled().Should().BeTrue();
                using (set_grad_enabled(false)) is_grad_enabled().Should().BeFalse();
                using (set_grad_enabled(true))
                {
                    using (no_grad()) is_grad_enabled().Should().BeFalse();
                    is_grad_enabled().Should().BeTrue();
                }
                is_grad_enabled().Should().BeTrue();
            }
            is_grad_enabled().Should().BeFalse();
            using (enable_grad(false)) is_grad_enabled().Should().BeFalse();
        }
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void A_gradient_mode_ends_with_an_exception_too()
    {
        var act = () =>
        {
            using var _ = no_grad();
            throw new InvalidOperationException();
        };
        act.Should().Throw<InvalidOperationException>();
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void Gradient_modes_are_each_threads_own()
    {
        using var _ = no_grad();
        OnAnotherThread(() => is_grad_enabled().Should().BeTrue());
        OnAnotherThread(() =>
        {
            using var mode = inference_mode();
            is_inference_mode_enabled().Should().BeTrue();
        });
        is_inference_mode_enabled().Should().BeFalse();
        is_grad_enabled().Should().BeFalse();
    }

    [Fact]
    public void What_inference_mode_computed_cannot_be_used_for_gradients()
    {
        var x = tensor(new[] { 1f, 2f }, requires_grad: true);
        Tensor y;
        using (inference_mode())
        {
            is_inference_mode_enabled().Should().BeTrue();
            is_grad_enabled().Should().BeFalse();
            y = x * 2;
        }
        is_inference_mode_enabled().Should().BeFalse();
        is_grad_enabled().Should().BeTrue();
        y.requires_grad.Should().BeFalse();
        y.ShouldBe([2], [2, 4]);
        LibtorchError(() => x * y).Should().Be(
            "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor and use it in autograd.");
        (x * y.clone()).requires_grad.Should().BeTrue();
    }

    [Fact]
    public void Inference_mode_can_be_switched_off_inside()
    {
        using (inference_mode())
        {
            using (inference_mode(false))
            {
                is_inference_mode_enabled().Should().BeFalse();
                (ones(1, requires_grad: true) * 2).requires_grad.Should().BeTrue();
            }
            is_inference_mode_enabled().Should().BeTrue();
        }
        is_inference_mode_enabled().Should().BeFalse();
    }

    [Fact]
    public void A_leaf_that_requires_gradients_is_not_changed_in_place()
    {
        var x = ones(2, requires_grad: true);
        LibtorchError(() => x.add_(1)).Should().Be("a leaf Variable that requires grad is being used in an in-place operation.");
        x.ShouldBe([2], [1, 1]);
    }

    [Fact]
    public void What_backward_needs_may_not_be_changed_in_place()
    {
        var x = ones(2, requires_grad: true);
        var y = x.exp();
        y.mul_(2);
        LibtorchError(() => y.sum().backward()).Should().StartWith(
            "one of the variables needed for gradient computation has been modified by an inplace operation");
    }

    [Fact]
    public void In_place_operations_on_what_was_computed_are_recorded()
    {
        // x = torch.tensor([1., -2.], requires_grad=True); y = x * 3; y.mul_(2).relu_(); y.sum().backward()
        var x = tensor(new[] { 1f, -2f }, requires_grad: true);
        var y = x * 3;
        y.mul_(2).relu_();
        y.sum().backward();
        x.grad!.ShouldBe([2], [6, 0]);
    }

    [Fact]
    public void A_gradient_has_its_tensors_type_and_strides_of_its_own()
    {
        var x = ones(2, 3, dtype: float64).t().requires_grad_();
        (x * 2).sum().backward();
        x.grad!.dtype.Should().Be(ScalarType.Float64);
        x.grad!.ShouldBe([3, 2], [2, 2, 2, 2, 2, 2]);
        // The same gradient, each time in an object of its own.
        Tensor one = x.grad!, other = x.grad!;
        one.Should().NotBeSameAs(other);
        one.fill_(5);
        other.ShouldBe([3, 2], [5, 5, 5, 5, 5, 5]);
    }

    [Fact]
    public void A_modules_gradients_are_null_after_zero_grad()
    {
        using var module = nn.Linear(2, 1);
        module.call(ones(3, 2)).sum().backward();
        module.weight.grad!.ShouldBe([1, 2], [3, 3]);
        module.bias!.grad!.ShouldBe([1], [3]);
        module.zero_grad();
        module.weight.grad.Should().BeNull();
        module.bias!.grad.Should().BeNull();
        module.zero_grad();
    }

    [Fact]
    public void A_modules_gradients_can_be_zeros_after_zero_grad()
    {
        using var module = nn.Linear(2, 1);
        module.call(ones(3, 2)).sum().backward();
        module.zero_grad(set_to_none: false);
        module.weight.grad!.ShouldBe([1, 2], [0, 0]);
        module.bias!.grad!.ShouldBe([1], [0]);
    }

    [Fact]
    public void An_optimizers_gradients_are_zeros_after_zero_grad()
    {
        using var module = nn.Linear(2, 1);
        using var optimizer = optim.SGD(module.parameters(), 0.1);
        optimizer.zero_grad();
        module.weight.grad.Should().BeNull();
        module.call(ones(3, 2)).sum().backward();
        optimizer.zero_grad();
        module.weight.grad!.ShouldBe([1, 2], [0, 0]);
    }

    [Fact]
    public void The_graph_goes_with_its_last_tensor()
    {
        // Were the graphs of all rounds kept, this would take 2 GB.
        static long Memory() => System.Diagnostics.Process.GetCurrentProcess().WorkingSet64;
        var x = ones([1 << 20], requires_grad: true);
        long before = Memory();
        for (int i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            var y = x * x;
            for (int k = 0; k < 4; k++) y *= x;
            if (i % 50 == 0) y.sum().backward();
        }
        (Memory() - before).Should().BeLessThan(1L << 30);
    }
}
