using System.Runtime.InteropServices;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Tests;

/// <summary>libtorch's errors arrive as exceptions with libtorch's own words.</summary>
public class ErrorTests
{
    private static readonly Dictionary<string, (Action Act, string Message)> Errors = new()
    {
        // z = torch.zeros
        ["matrices that do not fit"] = (
            () => zeros(2, 3).mm(zeros(2, 3)),
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
        ["shapes that do not broadcast"] = (
            () => _ = zeros(2, 3) + zeros(2),
            "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1"),
        ["a convolution of other channels"] = (
            () => F.conv2d(zeros(1, 3, 4, 4), zeros(5, 2, 3, 3)),
            "Given groups=1, weight of size [5, 2, 3, 3], expected input[1, 3, 4, 4] to have 2 channels, but got 3 channels instead"),
        ["a convolution wider than its input"] = (
            () => F.conv2d(zeros(1, 1, 2, 2), zeros(1, 1, 3, 3)),
            "Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). Kernel size can't be greater than actual input size"),
        ["a view of another number of elements"] = (
            () => zeros(2, 3).view(5),
            "shape '[5]' is invalid for input of size 6"),
        ["a view that strides do not allow"] = (
            () => zeros(2, 3).t().view(6),
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead."),
        ["a reshape to another number of elements"] = (
            () => zeros(2, 3).reshape(-1, 4),
            "shape '[-1, 4]' is invalid for input of size 6"),
        ["an index beyond the end"] = (
            () => _ = zeros(3).select(0, 5),
            "select(): index 5 out of range for tensor of size [3] at dimension 0"),
        ["an index tensor beyond the end"] = (
            () => _ = zeros(3)[tensor(new[] { 5L })],
            "index 5 is out of bounds for dimension 0 with size 3"),
        ["a mask of another length"] = (
            () => _ = zeros(3)[tensor(new[] { true, false })],
            "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3] at index 0"),
        ["a dimension that does not exist"] = (
            () => zeros(2, 3).sum(2),
            "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        ["a transposition of dimensions that do not exist"] = (
            () => zeros(2, 3).transpose(0, -3),
            "Dimension out of range (expected to be in range of [-2, 1], but got -3)"),
        ["the size of a dimension that does not exist"] = (
            () => zeros(2, 3).size(2),
            "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        ["a permutation of too few"] = (
            () => zeros(2, 3).permute(0),
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = 2 is not equal to len(dims) = 1"),
        ["an expansion of what is not 1 long"] = (
            () => zeros(2, 3).expand(2, 4),
            "The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 1.  Target sizes: [2, 4].  Tensor sizes: [2, 3]"),
        ["gathering beyond the end"] = (
            () => zeros(2, 3).gather(1, full([1, 1], 5)),
            "index 5 is out of bounds for dimension 1 with size 3"),
        ["selecting beyond the end"] = (
            () => zeros(3).index_select(0, tensor(new[] { 3L })),
            "index out of range in self"),
        ["more of the largest than there are"] = (
            () => zeros(3).topk(4),
            "selected index k out of range"),
        ["the mean of whole numbers"] = (
            () => zeros(3, dtype: int64).mean(),
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Long"),
        ["the largest of nothing"] = (
            () => zeros(0).max(),
            "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."),
        ["cat of shapes that differ"] = (
            () => cat([zeros(2, 3), zeros(2, 2)]),
            "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for tensor number 1 in the list."),
        ["stack of shapes that differ"] = (
            () => stack([zeros(2), zeros(3)]),
            "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1"),
        ["a negative length"] = (
            () => zeros([-1]),
            "Trying to create tensor with negative dimension -1: [-1]"),
        ["a range that goes nowhere"] = (
            () => arange(3, 1),
            "upper bound and larger bound inconsistent with step sign"),
        ["in place into a smaller shape"] = (
            () => zeros(2).add_(zeros(3, 2)),
            "output with shape [2] doesn't match the broadcast shape [3, 2]"),
        ["in place with another kind of number"] = (
            () => zeros(2, dtype: int64).add_(zeros(2)),
            "result type Float can't be cast to the desired output type Long"),
        ["in place on a leaf that requires gradients"] = (
            () => zeros(2, requires_grad: true).mul_(2),
            "a leaf Variable that requires grad is being used in an in-place operation."),
        ["backward of what requires no gradient"] = (
            () => zeros(1).backward(),
            "element 0 of tensors does not require grad and does not have a grad_fn"),
        ["one-hot of a negative class"] = (
            () => F.one_hot(tensor(new[] { -1L }), 3),
            "Class values must be non-negative."),
        ["a pool larger than its input"] = (
            () => F.max_pool2d(zeros(1, 1, 2, 2), 3),
            "Given input size: (1x2x2). Calculated output size: (1x0x0). Output size is too small"),
        ["pooling of what is no image"] = (
            () => F.adaptive_avg_pool2d(zeros(2), 1),
            "Dimension out of range (expected to be in range of [-1, 0], but got -2)"),
        ["dropout of more than everything"] = (
            () => F.dropout(zeros(2), 1.5),
            "dropout probability has to be between 0 and 1, but got 1.5"),
    };

    public static TheoryData<string> ErrorNames => [.. Errors.Keys];

    [Theory]
    [MemberData(nameof(ErrorNames))]
    public void An_error_has_libtorchs_words(string name)
    {
        var (act, message) = Errors[name];
        LibtorchError(act).Should().Be(message);
        // And again: an error leaves nothing behind that changes the next one.
        LibtorchError(act).Should().Be(message);
        (ones(2) + 1).ShouldBe([2], [2, 2]);
    }

    [FactBeyondTorchSharp("adds the stack trace of the native side")]
    public void A_message_is_one_line()
    {
        foreach (var (act, message) in Errors.Values) act.Should().Throw<ExternalException>().Which.Message.Should().Be(message);
    }

    [FactBeyondTorchSharp("ends the process")]
    public void Matmul_of_matrices_that_do_not_fit_is_an_error_like_others()
    {
        LibtorchError(() => zeros(2, 3).matmul(zeros(2, 3))).Should().Be("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
    }

    [Fact]
    public void What_TorchSharp_checks_itself_is_an_ArgumentException()
    {
        FluentActions.Invoking(() => cat([])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => zeros(3).slice(0, 0, 3, -1)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Whole_numbers_have_no_gradients()
    {
        var x = zeros(2, dtype: int64);
        LibtorchError(() => x.requires_grad_()).Should().StartWithEquivalentOf("only Tensors of floating point");
        x.requires_grad.Should().BeFalse();
    }

    [Fact]
    public void More_memory_than_there_is_is_an_error()
    {
        LibtorchError(() => zeros([1L << 50])).Should().Contain("can't allocate memory");
        LibtorchError(() => zeros([1L << 62, 8])).Should().Be("Storage size calculation overflowed with sizes=[4611686018427387904, 8]");
    }

    [Fact]
    public void An_error_in_a_scope_and_under_no_grad_leaves_both_in_order()
    {
        using (var scope = NewDisposeScope())
        using (no_grad())
        {
            LibtorchError(() => zeros(2, 3).view(5));
            is_grad_enabled().Should().BeFalse();
            CurrentDisposeScope.Should().BeSameAs(scope);
        }
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void An_error_in_backward_arrives_on_the_thread_that_called_it()
    {
        var x = ones(2, requires_grad: true);
        LibtorchError(() => (x * 2).backward([ones(3)])).Should().Be(
            "invalid gradient at index 0 - got [3] but expected shape compatible with [2]");
        (x * 2).sum().backward();
        x.grad!.ShouldBe([2], [2, 2]);
    }

    [Fact]
    public void Threads_that_fail_at_the_same_time_get_a_message_each_of_their_own()
    {
        const int rounds = 200;
        using var barrier = new Barrier(2);
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        void Fail(Action act, string message)
        {
            for (int i = 0; i < rounds; i++)
            {
                barrier.SignalAndWait();
                try
                {
                    act();
                    wrong.Add("no error");
                }
                catch (ExternalException error)
                {
                    if (error.Message.Split('\n')[0] != message) wrong.Add(error.Message);
                }
            }
        }
        var (first, firstMessage) = Errors["matrices that do not fit"];
        var (second, secondMessage) = Errors["a view of another number of elements"];
        var threads = new[] { new Thread(() => Fail(first, firstMessage)), new Thread(() => Fail(second, secondMessage)) };
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        wrong.Should().BeEmpty();
    }

    [Fact]
    public void Threads_can_compute_and_fail_beside_each_other()
    {
        var sums = new double[4];
        var threads = Enumerable.Range(0, sums.Length).Select(number => new Thread(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                using var scope = NewDisposeScope();
                var x = full([50], number + 1f, requires_grad: true);
                (x * x).sum().backward();
                sums[number] += x.grad!.sum().ToDouble();
                try
                {
                    x.view(7);
                }
                catch (ExternalException)
                {
                    sums[number] += 1;
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        // 100 rounds of 50 · 2 (n + 1) and an error.
        sums.Should().Equal(10_100, 20_100, 30_100, 40_100);
    }
}
