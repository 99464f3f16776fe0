using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Modules as trees of named parameters, buffers and sub-modules.</summary>
public class ModuleTests
{
    /// <summary>y = tail(renamed(first(x) * scale + offset)).</summary>
    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly Linear first;
        private readonly Parameter scale;
        [ComponentName(Name = "renamed")] private readonly Linear second;
        private readonly Tensor offset;
        public readonly Sequential tail;

        public Net() : base(nameof(Net))
        {
            first = nn.Linear(2, 3);
            scale = nn.Parameter(ones(3));
            second = nn.Linear(3, 2, hasBias: false);
            offset = zeros(3);
            tail = nn.Sequential(nn.BatchNorm2d(2), nn.ReLU());
            RegisterComponents();
        }

        public Linear First => first;

        public Parameter Scale => scale;

        public Tensor Offset => offset;

        public override Tensor forward(Tensor input) =>
            tail.call(second.call((first.call(input) * scale) + offset).unsqueeze(-1).unsqueeze(-1));
    }

    private static IEnumerable<string> Names<T>(IEnumerable<(string name, T)> entries) => entries.Select(entry => entry.name);

    [Fact]
    public void Fields_are_registered_under_their_names_private_ones_too()
    {
        using var net = new Net();
        Names(net.named_parameters()).Should().Equal(
            "scale", "first.weight", "first.bias", "renamed.weight", "tail.0.weight", "tail.0.bias");
        Names(net.named_buffers()).Should().Equal(
            "offset", "tail.0.running_mean", "tail.0.running_var", "tail.0.num_batches_tracked");
        Names(net.named_children()).Should().Equal("first", "renamed", "tail");
        Names(net.named_modules()).Should().Equal("first", "renamed", "tail", "tail.0", "tail.1");
        net.parameters().Should().HaveCount(6);
        net.buffers().Should().HaveCount(4);
        net.children().Should().HaveCount(3);
        net.modules().Should().HaveCount(5);
        net.GetName().Should().Be("Net");
    }

    [Fact]
    public void Without_recursion_there_are_only_its_own()
    {
        using var net = new Net();
        Names(net.named_parameters(recurse: false)).Should().Equal("scale");
        Names(net.named_buffers(recurse: false)).Should().Equal("offset");
        Names(net.tail.named_parameters(recurse: false)).Should().BeEmpty();
    }

    [Fact]
    public void What_is_listed_are_the_fields_themselves()
    {
        using var net = new Net();
        net.parameters().First().Should().BeSameAs(net.Scale);
        net.buffers().First().Should().BeSameAs(net.Offset);
        net.children().First().Should().BeSameAs(net.First);
        net.named_parameters().Single(entry => entry.name == "first.weight").parameter.Should().BeSameAs(net.First.weight);
    }

    private class Base : nn.Module<Tensor, Tensor>
    {
        protected readonly Linear inherited;

        protected Base() : base(nameof(Base)) => inherited = nn.Linear(1, 1, hasBias: false);

        public override Tensor forward(Tensor input) => inherited.call(input);
    }

    private sealed class Derived : Base
    {
        public readonly Linear own;

        public Derived()
        {
            own = nn.Linear(1, 1, hasBias: false);
            RegisterComponents();
        }
    }

    [Fact]
    public void A_class_is_registered_before_what_it_inherits()
    {
        using var module = new Derived();
        Names(module.named_parameters()).Should().Equal("own.weight", "inherited.weight");
    }

    private sealed class ByHand : nn.Module<Tensor, Tensor>
    {
        public ByHand() : base(nameof(ByHand))
        {
            register_parameter("p", nn.Parameter(ones(1)));
            register_buffer("b", ones(1));
            register_buffer("temporary", ones(1), persistent: false);
            register_module("m", nn.Linear(1, 1));
            add_module("n", nn.Identity());
        }

        public override Tensor forward(Tensor input) => input * get_parameter("p")!;
    }

    [Fact]
    public void Parameters_buffers_and_modules_can_be_registered_by_hand()
    {
        using var module = new ByHand();
        Names(module.named_parameters()).Should().Equal("p", "m.weight", "m.bias");
        Names(module.named_children()).Should().Equal("m", "n");
        module.has_buffer("b").Should().BeTrue();
        module.has_buffer("temporary").Should().BeTrue();
        module.state_dict().Keys.Should().Equal("p", "m.weight", "m.bias", "b");
        module.Invoking(m => m.register_parameter("p", nn.Parameter(ones(1)))).Should().Throw<InvalidOperationException>();
        module.Invoking(m => m.register_buffer("b", ones(1))).Should().Throw<InvalidOperationException>();
        module.Invoking(m => m.register_module("m", nn.Identity())).Should().Throw<InvalidOperationException>();
        module.Invoking(m => m.register_module("a.b", nn.Identity())).Should().Throw<ArgumentException>();
        module.Invoking(m => m.register_module("", nn.Identity())).Should().Throw<ArgumentException>();
        module.Invoking(m => m.register_buffer("none", null!)).Should().Throw<ArgumentNullException>();
        module.call(full([1], 3f)).ShouldBe([1], [3]);
    }

    [Fact]
    public void Registering_nothing_takes_a_module_away_and_leaves_it_alive()
    {
        using var module = new ByHand();
        using var taken = (Linear)module.named_children().First(child => child.name == "m").module;
        module.register_module("m", null!);
        module.register_module("absent", null!);
        Names(module.named_children()).Should().Equal("n");
        module.state_dict().Keys.Should().Equal("p", "b");
        taken.weight.IsInvalid.Should().BeFalse();
        module.register_module("m", nn.Linear(2, 2, hasBias: false));
        Names(module.named_children()).Should().Equal("n", "m");
        module.state_dict()["m.weight"].shape.Should().Equal(2, 2);
    }

    [Fact]
    public void Modules_without_parameters_take_none()
    {
        using var relu = nn.ReLU();
        relu.Invoking(m => m.register_parameter("p", nn.Parameter(ones(1)))).Should().Throw<InvalidOperationException>();
        relu.Invoking(m => m.register_buffer("b", ones(1))).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Parameters_and_buffers_are_found_by_their_dotted_names()
    {
        using var net = new Net();
        net.get_parameter("first.bias").Should().BeSameAs(net.First.bias);
        net.get_parameter("scale").Should().BeSameAs(net.Scale);
        net.has_parameter("tail.0.weight").Should().BeTrue();
        net.get_buffer("tail.0.running_var").Should().BeSameAs(((BatchNorm2d)net.tail[0]).running_var);
        net.has_buffer("offset").Should().BeTrue();
        net.has_parameter("offset").Should().BeFalse();
        net.has_parameter("first.nothing").Should().BeFalse();
        net.has_parameter("nothing.weight").Should().BeFalse();
        net.has_parameter("first").Should().BeFalse();
        net.get_parameter("tail.5.weight").Should().BeNull();
        net.get_buffer("first.weight").Should().BeNull();
    }

    [Fact]
    public void A_sequential_names_its_modules_by_number_or_as_told()
    {
        using var numbered = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1));
        Names(numbered.named_parameters()).Should().Equal("0.weight", "0.bias", "2.weight", "2.bias");
        using var named = nn.Sequential(("in", nn.Linear(1, 2)), ("act", nn.ReLU()), ("out", nn.Linear(2, 1)));
        Names(named.named_children()).Should().Equal("in", "act", "out");
        using var grown = nn.Sequential();
        grown.append(nn.Linear(1, 2)).append("middle", nn.ReLU()).append(nn.Linear(2, 1)).Should().BeSameAs(grown);
        Names(grown.named_children()).Should().Equal("0", "middle", "2");
        grown.Count.Should().Be(3);
        grown[1].Should().BeOfType<ReLU>();
    }

    [Fact]
    public void A_sequential_runs_its_modules_in_order()
    {
        // x = pattern(3, 2); w1, b1, w2 = pattern(4, 2, start=1), pattern(4, start=2), pattern(1, 4, start=3)
        using var module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1, hasBias: false));
        module.load_state_dict(new() { ["0.weight"] = Pattern([4, 2], 1), ["0.bias"] = Pattern([4], 2), ["2.weight"] = Pattern([1, 4], 3) });
        module.call(Pattern([3, 2])).ShouldBe([3, 1], [-1.265625, -1.171875, 0.34375]);
        module.forward(Pattern([3, 2])).ShouldBe([3, 1], [-1.265625, -1.171875, 0.34375]);
    }

    [Fact]
    public void A_sequential_leaves_its_input_alone_and_gives_a_tensor_of_its_own()
    {
        var x = ones(2);
        using (var empty = nn.Sequential())
        using (var y = empty.call(x)) y.Should().NotBeSameAs(x);
        using (var identities = nn.Sequential(nn.Identity(), nn.Identity(), nn.Identity()))
        using (var y = identities.call(x)) y.ShouldBe([2], [1, 1]);
        x.ShouldBe([2], [1, 1]);
    }

    [Fact]
    public void A_sequential_disposes_of_what_lies_between_its_modules()
    {
        using var module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Identity(), nn.Linear(4, 1));
        var x = ones(3, 2);
        using var scope = NewDisposeScope();
        module.call(x);
        scope.DisposablesCount.Should().Be(1);
    }

    [Fact]
    public void The_state_has_parameters_first_then_buffers_by_name()
    {
        using var net = new Net();
        var state = net.state_dict();
        state.Keys.Should().Equal(
            "scale", "first.weight", "first.bias", "renamed.weight", "tail.0.weight", "tail.0.bias",
            "offset", "tail.0.running_mean", "tail.0.running_var", "tail.0.num_batches_tracked");
        state["scale"].Should().BeSameAs(net.Scale);
        var collected = new Dictionary<string, Tensor>();
        net.state_dict(collected, "net").Should().BeSameAs(collected);
        collected.Keys.Should().Contain("net.scale").And.Contain("net.tail.0.bias");
    }

    [Fact]
    public void Loading_copies_the_values_into_the_same_tensors()
    {
        using var net = new Net();
        using var other = new Net();
        Parameter weight = net.First.weight;
        using (no_grad()) other.First.weight.fill_(0.5);
        other.Offset.fill_(2);
        var (missing, unexpected) = net.load_state_dict(other.state_dict());
        missing.Should().BeEmpty();
        unexpected.Should().BeEmpty();
        net.First.weight.Should().BeSameAs(weight);
        weight.ShouldBe([3, 2], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
        weight.requires_grad.Should().BeTrue();
        weight.is_leaf.Should().BeTrue();
        net.Offset.ShouldBe([3], [2, 2, 2]);
        other.Offset.fill_(3);
        net.Offset.ShouldBe([3], [2, 2, 2]);
    }

    [Fact]
    public void Loading_converts_element_types()
    {
        using var module = nn.Linear(1, 1, hasBias: false);
        module.load_state_dict(new() { ["weight"] = full([1, 1], 0.25, float64) });
        module.weight.dtype.Should().Be(ScalarType.Float32);
        module.weight.ShouldBe([1, 1], [0.25]);
    }

    [Fact]
    public void Loading_strictly_refuses_names_that_differ_and_changes_nothing()
    {
        using var module = nn.Linear(1, 1);
        using (no_grad()) module.weight.fill_(7);
        var tooFew = new Dictionary<string, Tensor> { ["weight"] = ones(1, 1) };
        var tooMany = new Dictionary<string, Tensor> { ["weight"] = ones(1, 1), ["bias"] = ones(1), ["more"] = ones(1) };
        module.Invoking(m => m.load_state_dict(tooFew)).Should().Throw<InvalidOperationException>();
        module.Invoking(m => m.load_state_dict(tooMany)).Should().Throw<InvalidOperationException>();
        module.weight.ShouldBe([1, 1], [7]);
    }

    [Fact]
    public void Loading_loosely_says_what_was_missing_and_what_unexpected()
    {
        using var module = nn.Linear(1, 1);
        var (missing, unexpected) = module.load_state_dict(new() { ["weight"] = full([1, 1], 3f), ["more"] = ones(1) }, strict: false);
        missing.Should().Equal("bias");
        unexpected.Should().Equal("more");
        module.weight.ShouldBe([1, 1], [3]);
    }

    [Fact]
    public void Loading_passes_over_what_is_to_be_skipped()
    {
        using var module = nn.Linear(1, 1);
        using (no_grad()) module.bias!.fill_(5);
        var (missing, unexpected) = module.load_state_dict(
            new() { ["weight"] = full([1, 1], 3f), ["more"] = ones(1) }, skip: ["bias", "more"]);
        missing.Should().BeEmpty();
        unexpected.Should().BeEmpty();
        module.weight.ShouldBe([1, 1], [3]);
        module.bias!.ShouldBe([1], [5]);
    }

    [Fact]
    public void Loading_another_shape_is_libtorchs_error()
    {
        using var module = nn.Linear(2, 1, hasBias: false);
        LibtorchError(() => module.load_state_dict(new() { ["weight"] = ones(3, 1) })).Should().Be(
            "output with shape [1, 2] doesn't match the broadcast shape [3, 2]");
    }

    [Fact]
    public void Training_and_evaluation_reach_every_module()
    {
        using var net = new Net();
        net.training.Should().BeTrue();
        net.eval();
        net.training.Should().BeFalse();
        net.modules().Should().OnlyContain(module => !module.training);
        net.train();
        net.modules().Should().OnlyContain(module => module.training);
        net.train(false);
        net.tail.training.Should().BeFalse();
        ((nn.Module)net.tail[1]).training.Should().BeFalse();
        net.tail.train();
        net.training.Should().BeFalse();
        ((nn.Module)net.tail[0]).training.Should().BeTrue();
        net.tail.eval();
        ((nn.Module)net.tail[0]).training.Should().BeFalse();
    }

    [Fact]
    public void A_function_is_applied_to_children_before_their_parent()
    {
        using var net = new Net();
        var visited = new List<string>();
        net.apply(module => visited.Add(module.GetType().Name)).Should().BeSameAs(net);
        visited.Should().Equal("Linear", "Linear", "BatchNorm2d", "ReLU", "Sequential", "Net");
    }

    [Fact]
    public void Converting_keeps_parameters_parameters_and_fields_their_own()
    {
        using var net = new Net();
        Parameter former = net.Scale;
        using (no_grad()) net.Scale.fill_(1.5);
        net.to(float64).Should().BeSameAs(net);
        net.Scale.dtype.Should().Be(ScalarType.Float64);
        net.Scale.Should().BeOfType<Parameter>();
        net.Scale.requires_grad.Should().BeTrue();
        net.Scale.is_leaf.Should().BeTrue();
        net.Scale.ShouldBe([3], [1.5, 1.5, 1.5]);
        net.named_parameters().First().parameter.Should().BeSameAs(net.Scale);
        net.get_parameter("first.weight").Should().BeSameAs(net.First.weight);
        net.Offset.dtype.Should().Be(ScalarType.Float64);
        net.get_buffer("offset").Should().BeSameAs(net.Offset);
        net.named_parameters().Should().OnlyContain(entry => entry.parameter.dtype == ScalarType.Float64);
        former.IsInvalid.Should().BeTrue();
        net.call(ones(2, 2, dtype: float64)).dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Converting_keeps_names_order_and_whole_numbers()
    {
        using var net = new Net();
        var names = net.state_dict().Keys.ToList();
        net.to(float64);
        net.state_dict().Keys.Should().Equal(names);
        var norm = (BatchNorm2d)net.tail[0];
        norm.num_batches_tracked!.dtype.Should().Be(ScalarType.Int64);
        norm.running_mean!.dtype.Should().Be(ScalarType.Float64);
        norm.weight.dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Converting_takes_gradients_and_frozen_parameters_along()
    {
        using var module = nn.Linear(1, 1);
        module.bias!.requires_grad = false;
        module.call(full([1, 1], 3f)).sum().backward();
        module.to(float64);
        module.weight.grad!.dtype.Should().Be(ScalarType.Float64);
        module.weight.grad!.ShouldBe([1, 1], [3]);
        module.bias!.requires_grad.Should().BeFalse();
        module.bias!.grad.Should().BeNull();
    }

    [Fact]
    public void Converting_to_what_a_module_is_already_keeps_its_tensors()
    {
        using var net = new Net();
        Parameter weight = net.First.weight;
        net.to(float32).to(CPU).to("cpu").to(DeviceType.CPU).cpu().to(CPU, float32);
        net.First.weight.Should().BeSameAs(weight);
        weight.IsInvalid.Should().BeFalse();
    }

    [Fact]
    public void Modules_are_of_floating_point_numbers_only()
    {
        using var net = new Net();
        net.Invoking(n => n.to(int64)).Should().Throw<ArgumentException>();
        using var module = nn.Sequential(new Net());
        module.Invoking(m => m.to(int64)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_parameter_shared_by_two_modules_is_listed_once()
    {
        using Linear first = nn.Linear(2, 2), second = nn.Linear(2, 2);
        second.weight = first.weight;
        using var module = nn.Sequential(first, second);
        Names(module.named_parameters()).Should().Equal("0.weight", "0.bias", "1.bias");
        module.call(ones(1, 2)).sum().backward();
        first.weight.grad.Should().NotBeNull();
    }

    [Fact]
    public void A_module_in_two_places_is_listed_once()
    {
        var linear = nn.Linear(1, 1);
        using var module = nn.Sequential(("a", linear), ("b", nn.ReLU()), ("c", linear));
        Names(module.named_parameters()).Should().Equal("a.weight", "a.bias");
    }

    [Fact]
    public void A_new_weight_takes_the_place_of_the_old()
    {
        using var module = nn.Linear(1, 1);
        Parameter former = module.weight;
        module.weight = nn.Parameter(full([1, 1], 2f));
        former.IsInvalid.Should().BeTrue();
        module.named_parameters().First().parameter.Should().BeSameAs(module.weight);
        module.call(ones(1, 1)).sum().ToDouble().Should().BeApproximately(2 + module.bias!.ToDouble(), 1e-6);
        module.bias = null;
        Names(module.named_parameters()).Should().Equal("weight");
        module.call(ones(1, 1)).ShouldBe([1, 1], [2]);
        module.Invoking(m => m.weight = null!).Should().Throw<ArgumentNullException>();
    }

    [Fact]
    public void A_parameter_takes_over_the_tensor_it_is_made_of()
    {
        var data = ones(2);
        var parameter = nn.Parameter(data);
        data.IsInvalid.Should().BeTrue();
        parameter.requires_grad.Should().BeTrue();
        parameter.is_leaf.Should().BeTrue();
        parameter.ShouldBe([2], [1, 1]);
        nn.Parameter(ones(2), requires_grad: false).requires_grad.Should().BeFalse();
        new Parameter(zeros(1)).Should().BeAssignableTo<Tensor>();
    }

    [Fact]
    public void A_parameter_takes_the_place_of_its_tensor_in_the_scope()
    {
        Parameter parameter;
        using (var scope = NewDisposeScope())
        {
            parameter = nn.Parameter(ones(2));
            scope.DisposablesCount.Should().Be(1);
            scope.Contains(parameter).Should().BeTrue();
        }
        parameter.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void Layers_made_in_a_scope_outlive_it()
    {
        Conv2d conv;
        BatchNorm2d norm;
        Linear linear;
        using (var scope = NewDisposeScope())
        {
            conv = nn.Conv2d(1, 1, 1);
            norm = nn.BatchNorm2d(1);
            linear = nn.Linear(1, 1);
            linear.to(float64);
        }
        conv.state_dict().Values.Concat(norm.state_dict().Values).Concat(linear.state_dict().Values).Should().HaveCount(9)
            .And.OnlyContain(tensor => !tensor.IsInvalid);
        conv.Dispose();
        norm.Dispose();
        linear.Dispose();
    }

    [Fact]
    public void Disposing_frees_every_parameter_and_buffer()
    {
        var net = new Net();
        var tensors = net.state_dict().Values.ToList();
        net.Dispose();
        tensors.Should().OnlyContain(tensor => tensor.IsInvalid);
        net.Dispose();
        var sequential = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sequential(nn.BatchNorm2d(1), nn.Linear(1, 1)));
        tensors = [.. sequential.state_dict().Values];
        sequential.Dispose();
        tensors.Should().HaveCount(9).And.OnlyContain(tensor => tensor.IsInvalid);
    }

    [Fact]
    public void Hooks_see_and_may_replace_input_and_result()
    {
        using var module = nn.Identity();
        var seen = new List<string>();
        var before = module.register_forward_pre_hook((m, input) =>
        {
            m.Should().BeSameAs(module);
            seen.Add("before");
            return input + 1;
        });
        var after = module.register_forward_hook((m, input, result) =>
        {
            seen.Add($"after {input.ToSingle()}");
            return result * 10;
        });
        module.call(tensor(1f)).ShouldBe(20);
        seen.Should().Equal("before", "after 2");
        before.remove();
        module.call(tensor(1f)).ShouldBe(10);
        after.remove();
        module.call(tensor(1f)).ShouldBe(1);
        after.remove();
    }

    [Fact]
    public void Hooks_run_in_the_order_they_were_hung_up_and_not_around_forward()
    {
        using var module = nn.Identity();
        module.register_forward_hook((_, _, result) => result + 1);
        module.register_forward_hook((_, _, result) => result * 2);
        module.call(tensor(1f)).ShouldBe(4);
        module.forward(tensor(1f)).ShouldBe(1);
    }

    private sealed class Sum : nn.Module<Tensor, Tensor, Tensor>
    {
        public Sum() : base(nameof(Sum)) => RegisterComponents();

        public override Tensor forward(Tensor input1, Tensor input2) => input1 + input2;
    }

    [Fact]
    public void A_module_may_have_two_inputs()
    {
        using var module = new Sum();
        module.call(tensor(1f), tensor(2f)).ShouldBe(3);
        var hook = module.register_forward_pre_hook((_, x, y) => (x * 10, y));
        module.call(tensor(1f), tensor(2f)).ShouldBe(12);
        hook.remove();
        module.register_forward_hook((_, _, _, result) => -result);
        module.call(tensor(1f), tensor(2f)).ShouldBe(-3);
    }

    [Fact]
    public void A_gradient_step_through_a_whole_module_reaches_every_parameter()
    {
        using var net = new Net();
        net.call(Pattern([4, 2])).square().sum().backward();
        net.parameters().Select(parameter => parameter.grad).Should().HaveCount(6).And.NotContainNulls();
    }
}
