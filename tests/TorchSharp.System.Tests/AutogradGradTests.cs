using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary><c>autograd.grad</c>: gradients that are handed back rather than left with the leaves.</summary>
public class AutogradGradTests
{
    [Fact]
    public void Grad_gives_the_gradients_of_several_inputs_and_leaves_none_behind()
    {
        // x = pattern(2, 3).requires_grad_(); w = pattern(3, 2, start=3).requires_grad_()
        // torch.autograd.grad([(x @ w).sigmoid()], [x, w], [pattern(2, 2, start=1)])
        Tensor x = Pattern([2, 3]).requires_grad_(), w = Pattern([3, 2], 3).requires_grad_();
        var gradients = autograd.grad([x.matmul(w).sigmoid()], [x, w], [Pattern([2, 2], 1)]);
        gradients.Should().HaveCount(2);
        gradients[0].ShouldBe([2, 3], [0.040961474, -0.1525945, 0.11131967, 0.26213822, -0.109242946, -0.041773904]);
        gradients[1].ShouldBe([3, 2], [0.18290335, 0.19136697, 0.077855505, -0.04521636, -0.1785334, 0.024329405]);
        gradients[0].requires_grad.Should().BeFalse();
        x.grad.Should().BeNull();
        w.grad.Should().BeNull();
    }

    [Fact]
    public void Grad_works_for_what_is_no_leaf_and_from_several_outputs()
    {
        // a = torch.tensor([1., 2.], requires_grad=True); h = a * a; torch.autograd.grad([(h * h).sum()], [h])
        // torch.autograd.grad([a * a, 3 * a], [a], [torch.tensor([10., 100.]), torch.ones(2)])
        var a = tensor(new[] { 1f, 2f }, requires_grad: true);
        var h = a * a;
        autograd.grad([(h * h).sum()], [h])[0].ShouldBe([2], [2, 8]);
        autograd.grad([a * a, 3 * a], [a], [tensor(new[] { 10f, 100f }), ones(2)])[0].ShouldBe([2], [23, 403]);
    }

    [Fact]
    public void Grad_works_again_where_the_graph_was_retained_and_adds_to_nothing()
    {
        var x = tensor(3f, requires_grad: true);
        var y = x * x;
        x.grad = full([], 5f);
        autograd.grad([y], [x], retain_graph: true)[0].ShouldBe(6);
        autograd.grad([y], [x])[0].ShouldBe(6);
        x.grad.ShouldBe(5);
    }

    [FactBeyondTorchSharp("ends the process")]
    public void Grad_does_not_work_again_otherwise()
    {
        var x = tensor(3f, requires_grad: true);
        var y = x * x;
        autograd.grad([y], [x]);
        LibtorchError(() => autograd.grad([y], [x])).Should().StartWith("Trying to backward through the graph a second time");
    }

    [Fact]
    public void Grad_can_be_taken_of_a_gradient()
    {
        // f = x³; f' = 12 and f'' = 12 at x = 2
        var x = tensor(2f, requires_grad: true);
        var first = autograd.grad([x * x * x], [x], retain_graph: true, create_graph: true)[0];
        first.ShouldBe(12);
        first.requires_grad.Should().BeTrue();
        autograd.grad([first], [x])[0].ShouldBe(12);
        x.grad.Should().BeNull();
    }

    [FactBeyondTorchSharp("ends the process")]
    public void Grad_refuses_an_input_that_is_not_used()
    {
        Tensor x = tensor(3f, requires_grad: true), unused = tensor(1f, requires_grad: true);
        // torch.autograd.grad([x * x], [x, unused])
        LibtorchError(() => autograd.grad([x * x], [x, unused])).Should().Be(
            "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this is the desired behavior.");
    }

    [FactBeyondTorchSharp("gives a tensor without a handle")]
    public void Grad_gives_nothing_for_an_input_that_need_not_be_used()
    {
        Tensor x = tensor(3f, requires_grad: true), unused = tensor(1f, requires_grad: true);
        var gradients = autograd.grad([x * x], [unused, x], allow_unused: true);
        gradients[0].Should().BeNull();
        gradients[1].ShouldBe(6);
    }

    [FactBeyondTorchSharp("ends the process")]
    public void Grad_refuses_what_has_no_gradient()
    {
        var x = tensor(new[] { 1f, 2f }, requires_grad: true);
        // torch.autograd.grad([x * x], [x]); torch.autograd.grad([x * x], [x], [torch.ones(3)]); torch.autograd.grad([x.sum()], [torch.ones(2)])
        LibtorchError(() => autograd.grad([x * x], [x])).Should().Be("grad can be implicitly created only for scalar outputs");
        // C++ and Python name the tensors differently here.
        LibtorchError(() => autograd.grad([x * x], [x], [ones(3)])).Should().NotBeEmpty();
        LibtorchError(() => autograd.grad([x.sum()], [ones(2)])).Should().Be("One of the differentiated Tensors does not require grad");
        x.grad.Should().BeNull();
    }

    [Fact]
    public void What_grad_gives_belongs_to_the_dispose_scope()
    {
        var x = tensor(3f, requires_grad: true);
        Tensor gradient;
        using (var scope = NewDisposeScope())
        {
            var y = x * x;
            gradient = autograd.grad([y], [x])[0];
            scope.DisposablesCount.Should().Be(2);
        }
        gradient.IsInvalid.Should().BeTrue();
    }
}
