using ResNet.Tests;
using System.Runtime.CompilerServices;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>When tensors go, with their scope, by hand or with the garbage collector, and how they are counted.</summary>
public class DisposeScopeTests
{
    [Fact]
    public void Everything_made_in_a_scope_goes_with_it()
    {
        Tensor a, b, view;
        using (NewDisposeScope())
        {
            a = zeros(2);
            b = a + 1;
            view = b.view(2, 1);
            a.IsInvalid.Should().BeFalse();
        }
        a.IsInvalid.Should().BeTrue();
        b.IsInvalid.Should().BeTrue();
        view.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void What_was_made_outside_stays()
    {
        var outside = zeros(2);
        using (NewDisposeScope()) outside.add_(1);
        outside.ShouldBe([2], [1, 1]);
    }

    [Fact]
    public void A_scope_knows_what_it_holds()
    {
        var outside = zeros(1);
        using var scope = NewDisposeScope();
        CurrentDisposeScope.Should().BeSameAs(scope);
        scope.DisposablesCount.Should().Be(0);
        Tensor a = zeros(1), b = zeros(1);
        scope.DisposablesCount.Should().Be(2);
        scope.DisposablesView.Should().Contain(a).And.Contain(b);
        scope.Contains(a).Should().BeTrue();
        scope.Contains(outside).Should().BeFalse();
        a.Dispose();
        scope.DisposablesCount.Should().Be(1);
        scope.Contains(a).Should().BeFalse();
    }

    [Fact]
    public void Without_a_scope_there_is_none() => OnAnotherThread(() => CurrentDisposeScope.Should().BeNull());

    [Fact]
    public void A_result_moved_to_the_outer_scope_goes_with_that()
    {
        Tensor result, rest;
        using (var outer = NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                rest = zeros(2);
                result = (rest + 1).MoveToOuterDisposeScope();
            }
            rest.IsInvalid.Should().BeTrue();
            result.ShouldBe([2], [1, 1]);
            outer.Contains(result).Should().BeTrue();
        }
        result.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void Moved_out_of_the_outermost_scope_a_tensor_stays()
    {
        OnAnotherThread(() =>
        {
            Tensor result;
            using (NewDisposeScope()) result = ones(2).MoveToOuterDisposeScope();
            result.ShouldBe([2], [1, 1]);
            result.Dispose();
        });
    }

    [Fact]
    public void A_scope_moves_several_tensors_at_once()
    {
        using var outer = NewDisposeScope();
        Tensor a, b, c;
        using (var scope = NewDisposeScope())
        {
            (a, b) = scope.MoveToOuter(zeros(1), ones(1));
            (_, _, c) = scope.MoveToOuter(zeros(1), ones(1), full([1], 2));
            scope.MoveToOuter(ones(1)).IsInvalid.Should().BeFalse();
            scope.DisposablesCount.Should().Be(0);
        }
        outer.DisposablesCount.Should().Be(6);
        a.ShouldBe([1], [0]);
        b.ShouldBe([1], [1]);
        c.ShouldBe([1], [2]);
    }

    [Fact]
    public void A_detached_tensor_belongs_to_no_scope()
    {
        Tensor a, b;
        using (NewDisposeScope())
        {
            using var inner = NewDisposeScope();
            a = zeros(2).DetachFromDisposeScope();
            b = inner.Detach(zeros(2));
            inner.DisposablesCount.Should().Be(0);
        }
        a.IsInvalid.Should().BeFalse();
        b.IsInvalid.Should().BeFalse();
        a.DetachFromDisposeScope().Should().BeSameAs(a);
        a.Dispose();
        b.Dispose();
    }

    [Fact]
    public void A_tensor_moves_to_the_scope_of_another()
    {
        using var outer = NewDisposeScope();
        var home = zeros(1);
        Tensor guest;
        using (NewDisposeScope())
        using (NewDisposeScope()) guest = ones(1).MoveToOtherDisposeScope(home);
        guest.ShouldBe([1], [1]);
        outer.Contains(guest).Should().BeTrue();
    }

    [Fact]
    public void A_tensor_moves_to_any_other_scope()
    {
        using var first = NewDisposeScope();
        using var second = NewDisposeScope();
        using var third = NewDisposeScope();
        Tensor a = zeros(1), b = zeros(1), c = zeros(1);
        a.MoveToOtherDisposeScope(first).Should().BeSameAs(a);
        IEnumerable<IDisposable> tensors = [b];
        third.MoveToOther(second, tensors);
        c.MoveToOtherDisposeScope((DisposeScope?)null);
        first.Contains(a).Should().BeTrue();
        second.Contains(b).Should().BeTrue();
        third.DisposablesCount.Should().Be(0);
        third.Dispose();
        second.Dispose();
        b.IsInvalid.Should().BeTrue();
        a.IsInvalid.Should().BeFalse();
        first.Dispose();
        a.IsInvalid.Should().BeTrue();
        c.IsInvalid.Should().BeFalse();
        c.Dispose();
    }

    [Fact]
    public void A_scope_adopts_what_is_attached_to_it()
    {
        Tensor a = zeros(1), b = zeros(1), c = zeros(1);
        using (NewDisposeScope())
        {
            using (var inner = NewDisposeScope())
            {
                inner.Attach(a);
                inner.Attach(b, c);
                inner.Attach(c);
                inner.DisposablesCount.Should().Be(3);
            }
            a.IsInvalid.Should().BeTrue();
        }
        b.IsInvalid.Should().BeTrue();
        c.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void An_attached_tensor_leaves_the_scope_it_was_in()
    {
        using var outer = NewDisposeScope();
        var a = zeros(1);
        using (var inner = NewDisposeScope()) inner.Attach(a);
        a.IsInvalid.Should().BeTrue();
        outer.DisposablesCount.Should().Be(0);
    }

    [Fact]
    public void A_scope_can_be_cleared_but_for_some()
    {
        using var scope = NewDisposeScope();
        Tensor a = zeros(1), b = zeros(1), c = zeros(1);
        scope.DisposeEverythingBut(a, b);
        a.IsInvalid.Should().BeFalse();
        b.IsInvalid.Should().BeFalse();
        c.IsInvalid.Should().BeTrue();
        scope.DisposeEverythingBut(a).Should().BeSameAs(a);
        b.IsInvalid.Should().BeTrue();
        scope.DisposablesCount.Should().Be(1);
        var d = zeros(1);
        scope.DisposeEverything();
        a.IsInvalid.Should().BeTrue();
        d.IsInvalid.Should().BeTrue();
        scope.DisposablesCount.Should().Be(0);
        zeros(1).IsInvalid.Should().BeFalse();
        scope.DisposablesCount.Should().Be(1);
    }

    [Fact]
    public void Scopes_nest()
    {
        using var outer = NewDisposeScope();
        var a = zeros(1);
        Tensor b;
        using (var inner = NewDisposeScope())
        {
            CurrentDisposeScope.Should().BeSameAs(inner);
            b = zeros(1);
        }
        CurrentDisposeScope.Should().BeSameAs(outer);
        a.IsInvalid.Should().BeFalse();
        b.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void Scopes_may_be_closed_out_of_order()
    {
        using var outermost = NewDisposeScope();
        var outer = NewDisposeScope();
        var a = zeros(1);
        var inner = NewDisposeScope();
        var b = zeros(1);
        outer.Dispose();
        a.IsInvalid.Should().BeTrue();
        b.IsInvalid.Should().BeFalse();
        CurrentDisposeScope.Should().BeSameAs(inner);
        var c = zeros(1).MoveToOuterDisposeScope();
        outermost.Contains(c).Should().BeTrue();
        inner.Dispose();
        b.IsInvalid.Should().BeTrue();
        CurrentDisposeScope.Should().BeSameAs(outermost);
    }

    [Fact]
    public void A_scope_ends_with_an_exception_too()
    {
        Tensor? a = null;
        var act = () =>
        {
            using var scope = NewDisposeScope();
            a = zeros(1);
            throw new InvalidOperationException("on purpose");
        };
        act.Should().Throw<InvalidOperationException>().WithMessage("on purpose");
        a!.IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void A_failing_operation_leaves_nothing_in_the_scope()
    {
        using var scope = NewDisposeScope();
        Tensor a = zeros(2, 3), b = zeros(2, 3);
        LibtorchError(() => a.mm(b));
        LibtorchError(() => a.view(7));
        scope.DisposablesCount.Should().Be(2);
    }

    [Fact]
    public void A_closed_scope_is_of_no_use_and_may_be_closed_again()
    {
        var scope = NewDisposeScope();
        var a = zeros(1);
        scope.Dispose();
        scope.Dispose();
        scope.Invoking(s => s.DisposablesCount).Should().Throw<ObjectDisposedException>();
        scope.Invoking(s => s.DisposablesView).Should().Throw<ObjectDisposedException>();
        scope.Invoking(s => s.Attach(a)).Should().Throw<ObjectDisposedException>();
        scope.Invoking(s => s.Detach(a)).Should().Throw<ObjectDisposedException>();
        scope.Invoking(s => s.MoveToOuter(a)).Should().Throw<ObjectDisposedException>();
        scope.Invoking(s => s.DisposeEverything()).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Scopes_hold_nothing_but_tensors()
    {
        using var scope = NewDisposeScope();
        scope.Invoking(s => s.Attach(new MemoryStream())).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void A_scope_is_its_threads_own()
    {
        using var scope = NewDisposeScope();
        Tensor? theirs = null;
        OnAnotherThread(() =>
        {
            CurrentDisposeScope.Should().BeNull();
            theirs = ones(1);
            using var other = NewDisposeScope();
            zeros(1);
            other.DisposablesCount.Should().Be(1);
        });
        scope.DisposablesCount.Should().Be(0);
        CurrentDisposeScope.Should().BeSameAs(scope);
        theirs!.ShouldBe([1], [1]);
        scope.Contains(theirs!).Should().BeFalse();
        theirs!.Dispose();
    }

    [Fact]
    public void A_tensor_of_one_thread_can_be_disposed_of_by_another()
    {
        using var scope = NewDisposeScope();
        var a = zeros(1);
        OnAnotherThread(() => a.Dispose());
        a.IsInvalid.Should().BeTrue();
        scope.DisposablesCount.Should().Be(0);
    }

    [Fact]
    public void Gradients_belong_to_the_scope_they_are_asked_for_in()
    {
        var x = ones(2, requires_grad: true);
        Tensor gradient;
        using (NewDisposeScope())
        {
            (x * 3).sum().backward();
            gradient = x.grad!;
        }
        gradient.IsInvalid.Should().BeTrue();
        x.grad!.ShouldBe([2], [3, 3]);
    }

    [Fact]
    public void A_wrapped_expression_gives_its_result_alone()
    {
        using var scope = NewDisposeScope();
        var x = ones(2);
        WrappedTensorDisposeScope(() => (x + 1) * (x + 2)).ShouldBe([2], [6, 6]);
        // The result, and what ShouldBe made to read it.
        scope.DisposablesCount.Should().BeLessThan(5);
    }

    [Fact]
    public void Disposing_twice_does_no_harm()
    {
        var a = zeros(1);
        a.Dispose();
        a.Dispose();
        using (NewDisposeScope()) zeros(1).Dispose();
        a.IsInvalid.Should().BeTrue();
    }

    private static readonly Dictionary<string, Func<Tensor, object?>> Uses = new()
    {
        ["shape"] = t => t.shape,
        ["ndim"] = t => t.ndim,
        ["dtype"] = t => t.dtype,
        ["device"] = t => t.device,
        ["numel"] = t => t.numel(),
        ["data"] = t => t.data<float>(),
        ["item"] = t => t.item<float>(),
        ["ToSingle"] = t => t.ToSingle(),
        ["requires_grad"] = t => t.requires_grad,
        ["grad"] = t => t.grad,
        ["add"] = t => t + 1,
        ["add to another"] = t => ones(1) + t,
        ["in place"] = t => t.add_(1),
        ["view"] = t => t.view(1),
        ["index"] = t => t[0],
        ["alias"] = t => t.alias(),
        ["cat"] = t => cat([ones(1), t]),
        ["to"] = t => t.to(float64),
        ["Handle"] = t => t.Handle,
    };

    public static TheoryData<string> UseNames => [.. Uses.Keys];

    [Theory]
    [MemberData(nameof(UseNames))]
    public void Use_after_disposal_is_an_error(string use)
    {
        var a = zeros(1);
        a.Dispose();
        a.Invoking(t => Uses[use](t)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Memory_that_another_tensor_looks_at_stays()
    {
        var a = arange(6, float32);
        var view = a.view(2, 3);
        var alias = a.alias();
        a.Dispose();
        view.ShouldBe([2, 3], [0, 1, 2, 3, 4, 5]);
        view.Dispose();
        alias.ShouldBe([6], [0, 1, 2, 3, 4, 5]);
    }

    [Fact]
    public void Each_thread_counts_what_becomes_of_its_tensors()
    {
        OnAnotherThread(() =>
        {
            var statistics = DisposeScopeManager.Statistics;
            statistics.Reset();
            var a = zeros(1);
            statistics.CreatedOutsideScopeCount.Should().Be(1);
            using (var scope = NewDisposeScope())
            {
                Tensor b = zeros(1), c = zeros(1), d = zeros(1);
                statistics.CreatedInScopeCount.Should().Be(3);
                statistics.ThreadTotalLiveCount.Should().Be(4);
                b.Dispose();
                statistics.DisposedInScopeCount.Should().Be(1);
                c.DetachFromDisposeScope();
                statistics.DetachedFromScopeCount.Should().Be(1);
                scope.Attach(a);
                statistics.AttachedToScopeCount.Should().Be(1);
                scope.Detach(a);
                statistics.DetachedFromScopeCount.Should().Be(2);
                c.Dispose();
                statistics.DisposedOutsideScopeCount.Should().Be(1);
            }
            statistics.DisposedInScopeCount.Should().Be(2);
            a.Dispose();
            statistics.DisposedOutsideScopeCount.Should().Be(2);
            statistics.ThreadTotalLiveCount.Should().Be(0);
            statistics.TensorStatistics.CreatedInScopeCount.Should().Be(3);
            OnAnotherThread(() => DisposeScopeManager.Statistics.CreatedInScopeCount.Should().Be(0));
            statistics.ToString().Should().Contain("CreatedInScopeCount: 3");
            statistics.Reset();
            statistics.CreatedInScopeCount.Should().Be(0);
        });
    }

    [Fact]
    public void The_count_of_live_tensors_falls_back()
    {
        CollectGarbage();
        long before = LiveTensors.Count();
        using (NewDisposeScope())
        {
            var a = zeros(2, 3);
            Tensor.TotalCount.Should().Be(before + 1);
            var b = a + a;
            _ = b.max(1);
            _ = b.unbind();
            _ = b[0, 1];
            Tensor.TotalCount.Should().BeGreaterThan(before + 6);
            Tensor.PeakCount.Should().BeGreaterThanOrEqualTo(Tensor.TotalCount);
        }
        Tensor.TotalCount.Should().Be(before);
    }

    [Fact]
    public void Steps_of_training_leave_the_count_of_live_tensors_where_it_was()
    {
        using var model = nn.Sequential(
            ("conv", nn.Conv2d(1, 2, 3, padding: 1)), ("norm", nn.BatchNorm2d(2)), ("relu", nn.ReLU(true)), ("pool", nn.AdaptiveAvgPool2d(1)),
            ("flatten", nn.Flatten()), ("linear", nn.Linear(2, 3)));
        using var optimizer = optim.SGD(model.parameters(), 0.01, momentum: 0.9, nesterov: true, weight_decay: 1e-4);
        using Tensor x = Pattern([4, 1, 5, 5]), target = tensor(new[] { 0L, 1L, 2L, 0L });
        void Step()
        {
            using var scope = NewDisposeScope();
            model.zero_grad();
            nn.functional.cross_entropy(model.call(x), target, label_smoothing: 0.1).backward();
            optimizer.step();
        }
        Step();
        CollectGarbage();
        long before = LiveTensors.Count();
        for (int i = 0; i < 20; i++) Step();
        Tensor.TotalCount.Should().Be(before);
    }

    [Fact]
    public void Dropped_tensors_are_reclaimed_by_the_garbage_collector()
    {
        CollectGarbage();
        long before = LiveTensors.Count();
        Drop(100);
        Tensor.TotalCount.Should().BeGreaterThan(before);
        CollectGarbage();
        Tensor.TotalCount.Should().BeLessThanOrEqualTo(before);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(int count)
    {
        for (int i = 0; i < count; i++) _ = zeros(10) + 1;
    }

    [FactBeyondTorchSharp("may free a tensor whose elements are just being read")]
    public void A_tensor_is_not_reclaimed_while_it_is_in_use()
    {
        bool stop = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref stop)) GC.Collect();
        });
        collector.Start();
        try
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            for (int i = 0; watch.ElapsedMilliseconds < 1500; i++) UseTemporaries(i % 1000);
        }
        finally
        {
            Volatile.Write(ref stop, true);
            collector.Join();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UseTemporaries(float value)
    {
        var x = zeros(2, requires_grad: true);
        x.grad = full([2], value);
        if (x.grad.sum().item<float>() != 2 * value) throw new InvalidOperationException("The gradient was lost.");
        if (full([64], value).sum().item<float>() != 64 * value) throw new InvalidOperationException("The sum was lost.");
        if (full([3, 2], value).t().data<float>()[1] != value) throw new InvalidOperationException("An element was lost.");
        if (full([3, 5], value).shape[1] != 5) throw new InvalidOperationException("The shape was lost.");
    }

    [Fact]
    public void Memory_goes_back_at_once_when_a_scope_ends()
    {
        // 2 GB in all.
        static long Memory() => System.Diagnostics.Process.GetCurrentProcess().WorkingSet64;
        long before = Memory();
        for (int i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            _ = ones([5 << 20]);
        }
        (Memory() - before).Should().BeLessThan(1L << 30);
    }
}
