using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>TorchScript's functions take and give tensors and lists of them.</summary>
public class ScriptTests
{
    [Fact]
    public void A_function_computes_what_its_script_says()
    {
        using var unit = jit.compile("def double(x: Tensor) -> Tensor:\n  return x + x\n");
        using var x = tensor(new[] { 1f, 2f });
        using var result = unit.invoke<Tensor>("double", x);
        result.data<float>().ToArray().Should().Equal(2, 4);
    }

    [Fact]
    public void Lists_of_tensors_go_in_and_out()
    {
        using var scope = NewDisposeScope();
        using var unit = jit.compile("def scale(x: Tensor, factors: List[Tensor]) -> List[Tensor]:\n  return [x * factors[0], x * factors[1]]\n");
        var results = unit.invoke<Tensor[]>("scale", tensor(3f), new[] { tensor(5f), tensor(7f) });
        results.Select(result => result.item<float>()).Should().Equal(15, 21);
    }

    [Fact]
    public void What_a_script_returns_belongs_to_the_dispose_scope()
    {
        using var unit = jit.compile("def same(x: Tensor) -> Tensor:\n  return x + 0\n");
        Tensor result;
        using (NewDisposeScope()) result = unit.invoke<Tensor>("same", ones(2));
        result.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void A_script_that_is_none_is_refused()
    {
        var compile = () => jit.compile("def broken(x: Tensor) -> Tensor:\n  return torch.no_such_operator(x)\n");
        compile.Should().Throw<ExternalException>();
    }

    [Fact]
    public void What_fails_in_a_script_is_an_exception()
    {
        using var scope = NewDisposeScope();
        using var unit = jit.compile("def product(x: Tensor, y: Tensor) -> Tensor:\n  return torch.mm(x, y)\n");
        var invoke = () => unit.invoke("product", zeros(2, 3), zeros(2, 3));
        invoke.Should().Throw<ExternalException>();
    }
}
