using ResNet.Tests;
using TorchSharp.Modules;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Stochastic gradient descent against PyTorch, step by step.</summary>
public class SgdTests
{
    private static Parameter P(int start = 0) => nn.Parameter(Pattern([3], start));

    /// <summary>A bowl around a point, in no direction as steep as in another.</summary>
    private static Tensor Loss(Tensor p) => ((p - Pattern([3], 5)).square() * tensor(new[] { 1f, 2f, 0.5f })).sum();

    /// <summary>The parameter after each of five steps.</summary>
    private static Tensor Trace(Parameter p, optim.Optimizer optimizer, Action<int>? before = null)
    {
        var trace = new List<Tensor>();
        for (int i = 0; i < 5; i++)
        {
            before?.Invoke(i);
            p.grad = null;
            Loss(p).backward();
            optimizer.step();
            trace.Add(p.detach().clone());
        }
        return stack(trace);
    }

    // p = pattern(3); optimizer = torch.optim.SGD([p], …); five times: p.grad = None; loss.backward(); optimizer.step()
    // loss = ((p - pattern(3, start=5)) ** 2 * torch.tensor([1., 2., 0.5])).sum()
    private static readonly Dictionary<string, (Func<Parameter, SGD> Make, double[] Trace)> Optimizers = new()
    {
        ["plain"] = (
            p => optim.SGD([p], 0.1),
            [
                -1.15, 0.7, -0.45, -1.0699999, 0.82, -0.405, -1.0059999, 0.892, -0.3645, -0.95479995, 0.93520004, -0.32805, -0.91383994,
                0.96112, -0.295245
            ]),
        ["momentum"] = (
            p => optim.SGD([p], 0.1, momentum: 0.9),
            [
                -1.15, 0.7, -0.45, -0.97999996, 1, -0.35999998, -0.78099996, 1.27, -0.24299999, -0.59569997, 1.405, -0.11339998,
                -0.45979, 1.3644999, 0.014580013
            ]),
        ["nesterov"] = (
            p => optim.SGD([p], 0.1, momentum: 0.9, nesterov: true),
            [
                -1.06, 0.88, -0.405, -0.8612, 1.1331999, -0.28755, -0.695824, 1.216648, -0.16366051, -0.58758855, 1.1750507, -0.04694397,
                -0.54214126, 1.0825679, 0.052290827
            ]),
        ["dampening"] = (
            p => optim.SGD([p], 0.1, momentum: 0.9, dampening: 0.25),
            [
                -1.15, 0.7, -0.45, -1, 0.96999997, -0.37125, -0.8275, 1.222, -0.27253127, -0.660625, 1.3822, -0.16324456, -0.52384377,
                1.41172, -0.05264318
            ]),
        ["decay"] = (
            p => optim.SGD([p], 0.1, weight_decay: 0.5),
            [
                -1.0875, 0.675, -0.425, -0.965625, 0.77125, -0.36125, -0.87421876, 0.8241875, -0.3070625, -0.80566406, 0.85330313,
                -0.26100314, -0.754248, 0.8693167, -0.22185266
            ]),
        ["momentum and decay"] = (
            p => optim.SGD([p], 0.1, momentum: 0.9, weight_decay: 0.5),
            [
                -1.0875, 0.675, -0.425, -0.819375, 0.92875, -0.29375002, -0.5232187, 1.1391875, -0.13156252, -0.2758734, 1.2159468,
                0.034140617, -0.13429429, 1.1378542, 0.17815234
            ]),
        ["nesterov and decay"] = (
            p => optim.SGD([p], 0.05, momentum: 0.9, weight_decay: 1e-2, nesterov: true),
            [
                -1.1538125, 0.689525, -0.452025, -1.0349858, 0.8876479, -0.3882007, -0.9097735, 1.0522339, -0.3140555, -0.7919757,
                1.1596888, -0.23483492, -0.69201887, 1.2044904, -0.15527783
            ]),
        ["momentum, dampening and decay"] = (
            p => optim.SGD([p], 0.1, 0.8, 0.5, 0.1),
            [
                -1.1375, 0.695, -0.445, -1.0030625, 0.908525, -0.37652498, -0.8651909, 1.0930973, -0.30103612, -0.7390486, 1.2166703,
                -0.22408803, -0.63553464, 1.2661113, -0.1502047
            ]),
        ["maximize"] = (
            p => optim.SGD([p], 0.1, maximize: true),
            [
                -1.35, 0.3, -0.55, -1.47, 0.020000013, -0.605, -1.6140001, -0.37199998, -0.66550004, -1.7868001, -0.9208, -0.73205006,
                -1.9941602, -1.6891199, -0.80525506
            ]),
        ["maximize with momentum"] = (
            p => optim.SGD([p], 0.1, momentum: 0.9, maximize: true),
            [
                -1.35, 0.3, -0.55, -1.5600001, -0.15999998, -0.65000004, -1.911, -1.038, -0.805, -2.4591, -2.6434002, -1.025, -3.29421,
                -5.5456204, -1.3254999
            ]),
    };

    public static TheoryData<string> OptimizerNames => [.. Optimizers.Keys];

    [Theory]
    [MemberData(nameof(OptimizerNames))]
    public void Five_steps_are_PyTorchs(string name)
    {
        var (make, expected) = Optimizers[name];
        var p = P();
        using var optimizer = make(p);
        Trace(p, optimizer).ShouldBe([5, 3], expected);
    }

    [Fact]
    public void The_learning_rate_can_change_between_steps()
    {
        // before step i: optimizer.param_groups[0]["lr"] = 0.1 / (i + 1)
        var p = P();
        using var optimizer = optim.SGD([p], 0.1, momentum: 0.9);
        var group = optimizer.ParamGroups.Single();
        Trace(p, optimizer, i => group.LearningRate = 0.1 / (i + 1)).ShouldBe([5, 3], [
            -1.15, 0.7, -0.45, -1.0649999, 0.84999996, -0.405, -0.9929999, 0.96, -0.36450002, -0.9322499, 1.03825, -0.32805002,
            -0.8812199, 1.09153, -0.29524502
        ]);
        group.LearningRate.Should().Be(0.1 / 5);
        group.InitialLearningRate.Should().Be(0.1);
    }

    [Fact]
    public void Groups_have_learning_rates_and_decays_of_their_own()
    {
        // p, q = pattern(3).requires_grad_(), pattern(3, start=1).requires_grad_()
        // o = torch.optim.SGD([dict(params=[p], lr=0.05, weight_decay=0.1), dict(params=[q], weight_decay=0.)], lr=0.2, momentum=0.9, weight_decay=0.5)
        // after each step: o.param_groups[0]["lr"] *= 0.5
        Parameter p = P(), q = P(1);
        using var optimizer = optim.SGD(
            [
                new SGD.ParamGroup([p], new SGD.Options { LearningRate = 0.05, weight_decay = 0.1 }),
                new SGD.ParamGroup([q], new SGD.Options { weight_decay = 0 }),
            ],
            0.2, momentum: 0.9, weight_decay: 0.5);
        var trace = new List<Tensor>();
        for (int i = 0; i < 5; i++)
        {
            p.grad = q.grad = null;
            (Loss(p) + Loss(q)).backward();
            optimizer.step();
            trace.Add(cat([p, q]).detach());
            optimizer.ParamGroups.First().LearningRate *= 0.5;
        }
        stack(trace).ShouldBe([5, 6], [
            -1.19375, 0.5975, -0.4725, -7.45058060e-09, 0.70000005, 1, -1.1432656, 0.68013126, -0.44713125, -0.75, 2.02, 0.575,
            -1.1092869, 0.7324586, -0.42956725, -1.425, 2.3919997, 0.07749999, -1.0888121, 0.76223665, -0.41871017, -1.7624999,
            1.6131998, -0.38575003, -1.0771406, 0.7783706, -0.41238517, -1.66125, 0.42172003, -0.725525
        ]);
        optimizer.ParamGroups.Select(group => group.InitialLearningRate).Should().Equal(0.05, 0.2);
        optimizer.parameters().Should().Equal(p, q);
    }

    [Fact]
    public void A_group_made_with_numbers_has_its_own_defaults()
    {
        var group = new SGD.ParamGroup([P()], lr: 0.3, momentum: 0.5);
        using var optimizer = optim.SGD([group], 0.1, momentum: 0.9, weight_decay: 1);
        group.LearningRate.Should().Be(0.3);
        group.Momentum.Should().Be(0.5);
        group.Options!.weight_decay.Should().Be(0);
        optimizer.Momentum.Should().Be(0.9);
        group.Momentum = 0.6;
        group.Options!.momentum.Should().Be(0.6);
    }

    [Fact]
    public void A_group_can_join_later()
    {
        Parameter p = P(), q = P(1);
        using var optimizer = optim.SGD([p], 0.1);
        optimizer.add_param_group(new SGD.ParamGroup { Parameters = [q] });
        optimizer.parameters().Should().Equal(p, q);
        // q = pattern(3, start=1).requires_grad_(); loss(q).backward()
        Loss(q).backward();
        optimizer.step();
        q.ShouldBe([3], [0.25, 0.100000024, 1.125]);
    }

    [Fact]
    public void A_parameter_without_a_gradient_is_passed_over()
    {
        Parameter p = P(), q = P(1), frozen = nn.Parameter(ones(3), requires_grad: false);
        using var optimizer = optim.SGD([p, q, frozen], 0.1, momentum: 0.9, weight_decay: 0.5);
        Trace(p, optimizer).ShouldBe([5, 3], Optimizers["momentum and decay"].Trace);
        q.ShouldBe([3], [0.5, -0.5, 1.25]);
        frozen.ShouldBe([3], [1, 1, 1]);
        // Its momentum starts with its first gradient.
        Trace(q, optimizer, _ => p.grad = null)[0].ShouldBe([3], [0.225, 0.125, 1.0625]);
    }

    [Fact]
    public void Parameters_stay_leaves_that_require_gradients()
    {
        var p = P();
        using var optimizer = optim.SGD([p], 0.1, momentum: 0.9);
        Trace(p, optimizer);
        p.is_leaf.Should().BeTrue();
        p.requires_grad.Should().BeTrue();
        is_grad_enabled().Should().BeTrue();
        using (no_grad()) optimizer.step();
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void A_step_can_compute_the_loss_itself()
    {
        var p = P();
        using var optimizer = optim.SGD([p], 0.1);
        double expected = Loss(p).ToDouble();
        using var mode = no_grad();
        var loss = optimizer.step(() =>
        {
            is_grad_enabled().Should().BeTrue();
            var value = Loss(p);
            value.backward();
            return value;
        });
        loss!.ToDouble().Should().BeApproximately(expected, 1e-6);
        p.ShouldBe([3], Optimizers["plain"].Trace[..3]);
        optimizer.step().Should().BeNull();
    }

    [Fact]
    public void A_step_leaves_no_tensors_but_the_momentum_and_that_goes_with_the_optimizer()
    {
        var p = P();
        Loss(p).backward();
        CollectGarbage();
        long before = LiveTensors.Count();
        var optimizer = optim.SGD([p], 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.1);
        using (NewDisposeScope()) optimizer.step();
        Tensor.TotalCount.Should().Be(before + 1);
        for (int i = 0; i < 5; i++) optimizer.step();
        Tensor.TotalCount.Should().Be(before + 1);
        optimizer.Dispose();
        Tensor.TotalCount.Should().Be(before);
        p.IsInvalid.Should().BeFalse();
    }

    [Fact]
    public void Impossible_settings_are_refused()
    {
        FluentActions.Invoking(() => optim.SGD([P()], -0.1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => optim.SGD([P()], 0.1, momentum: -1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => optim.SGD([P()], 0.1, weight_decay: -1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => optim.SGD([P()], 0.1, nesterov: true)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => optim.SGD([P()], 0.1, momentum: 0.9, dampening: 0.5, nesterov: true)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_modules_parameters_are_taken_as_they_are_then()
    {
        using var module = nn.Linear(2, 1);
        using var optimizer = optim.SGD(module.parameters(), 1);
        using (no_grad()) module.weight.fill_(0);
        module.call(tensor(new[] { 1f, 2f }, [1, 2])).sum().backward();
        optimizer.step();
        module.weight.ShouldBe([1, 2], [-1, -2]);
    }
}
