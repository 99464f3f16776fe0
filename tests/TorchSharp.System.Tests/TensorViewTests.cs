using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Which operations give another look at the same memory, and what one sees there.</summary>
public class TensorViewTests
{
    private static Tensor X() => arange(24, float32).reshape(2, 3, 4);

    private sealed record View(Func<Tensor, Tensor> Of, long[] Shape, long[] Strides, long Offset, double[] Values);

    // x = torch.arange(24.).reshape(2, 3, 4); for each name: the view's shape, stride(), storage_offset() and elements
    private static readonly Dictionary<string, View> Views = new()
    {
        ["view"] = new(x => x.view(6, 4), [6, 4], [4, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["view of another rank"] = new(x => x.view(2, 3, 2, 2), [2, 3, 2, 2], [12, 4, 2, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["reshape"] = new(x => x.reshape(4, 6), [4, 6], [6, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["reshape of strides that allow it"] = new(x => x.transpose(0, 1).reshape(3, 2, 2, 2), [3, 2, 2, 2], [4, 12, 2, 1], 0, [
            0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23
        ]),
        ["permute"] = new(x => x.permute(2, 0, 1), [4, 2, 3], [1, 12, 4], 0, [
            0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23
        ]),
        ["transpose"] = new(x => x.transpose(0, 2), [4, 3, 2], [1, 4, 12], 0, [
            0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23
        ]),
        ["transpose from the end"] = new(x => x.transpose(-1, -2), [2, 4, 3], [12, 1, 4], 0, [
            0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23
        ]),
        ["t"] = new(x => x.view(6, 4).t(), [4, 6], [1, 4], 0, [
            0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23
        ]),
        ["narrow"] = new(x => x.narrow(1, 1, 2), [2, 2, 4], [12, 4, 1], 4, [4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23]),
        ["slice"] = new(x => x.slice(2, 0, 4, 2), [2, 3, 2], [12, 4, 2], 0, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]),
        ["slice with bounds beyond the end"] = new(x => x.slice(1, 1, 99, 1), [2, 2, 4], [12, 4, 1], 4, [
            4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["select"] = new(x => x.select(1, 2), [2, 4], [12, 1], 8, [8, 9, 10, 11, 20, 21, 22, 23]),
        ["select from the end"] = new(x => x.select(2, -1), [2, 3], [12, 4], 3, [3, 7, 11, 15, 19, 23]),
        ["squeeze"] = new(x => x.narrow(1, 0, 1).squeeze(), [2, 4], [12, 1], 0, [0, 1, 2, 3, 12, 13, 14, 15]),
        ["squeeze of a dimension"] = new(x => x.narrow(1, 2, 1).squeeze(1), [2, 4], [12, 1], 8, [8, 9, 10, 11, 20, 21, 22, 23]),
        ["unsqueeze"] = new(x => x.unsqueeze(1), [2, 1, 3, 4], [12, 12, 4, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["unsqueeze at the end"] = new(x => x.unsqueeze(-1), [2, 3, 4, 1], [12, 4, 1, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["expand"] = new(x => x.narrow(1, 1, 1).expand(2, 2, 4), [2, 2, 4], [12, 0, 1], 4, [
            4, 5, 6, 7, 4, 5, 6, 7, 16, 17, 18, 19, 16, 17, 18, 19
        ]),
        ["expand to a new dimension"] = new(x => x.select(0, 0).select(0, 1).expand(2, 4), [2, 4], [0, 1], 4, [4, 5, 6, 7, 4, 5, 6, 7]),
        ["expand_as"] = new(x => x.narrow(2, 3, 1).expand_as(x), [2, 3, 4], [12, 4, 0], 3, [
            3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15, 19, 19, 19, 19, 23, 23, 23, 23
        ]),
        ["flatten"] = new(x => x.flatten(), [24], [1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["flatten from a dimension"] = new(x => x.flatten(1), [2, 12], [12, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["chunk"] = new(x => x.chunk(2, 2)[1], [2, 3, 2], [12, 4, 1], 2, [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23]),
        ["split"] = new(x => x.split(2, dim: 1)[1], [2, 1, 4], [12, 4, 1], 8, [8, 9, 10, 11, 20, 21, 22, 23]),
        ["unbind"] = new(x => x.unbind(1)[1], [2, 4], [12, 1], 4, [4, 5, 6, 7, 16, 17, 18, 19]),
        ["as_strided"] = new(x => x.as_strided([2, 2], [5, 1], 3), [2, 2], [5, 1], 3, [3, 4, 8, 9]),
        ["detach"] = new(x => x.detach(), [2, 3, 4], [12, 4, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["alias"] = new(x => x.alias(), [2, 3, 4], [12, 4, 1], 0, [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["index by numbers"] = new(x => x[1, 2], [4], [1], 20, [20, 21, 22, 23]),
        ["index by one number"] = new(x => x[-1], [3, 4], [4, 1], 12, [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
        ["index by a range"] = new(x => x[TensorIndex.Colon, 1..3], [2, 2, 4], [12, 4, 1], 4, [
            4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
    };

    public static TheoryData<string> ViewNames => [.. Views.Keys];

    [Theory]
    [MemberData(nameof(ViewNames))]
    public void A_view_looks_as_in_PyTorch(string name)
    {
        var expected = Views[name];
        var view = expected.Of(X());
        view.ShouldBe(expected.Shape, expected.Values);
        view.stride().Should().Equal(expected.Strides);
        view.storage_offset().Should().Be(expected.Offset);
    }

    [Theory]
    [MemberData(nameof(ViewNames))]
    public void A_view_shares_its_memory(string name)
    {
        var x = X();
        var view = Views[name].Of(x);
        view.Should().NotBeSameAs(x);
        x.add_(100);
        view.ShouldBe(Views[name].Shape, [.. Views[name].Values.Select(value => value + 100)]);
    }

    [Theory]
    [MemberData(nameof(ViewNames))]
    public void A_view_outlives_the_tensor_it_looks_at(string name)
    {
        var x = X();
        var view = Views[name].Of(x);
        x.Dispose();
        view.ShouldBe(Views[name].Shape, Views[name].Values);
    }

    [Fact]
    public void Writing_to_a_view_writes_to_the_tensor()
    {
        var x = zeros(2, 3);
        x.narrow(1, 1, 2).fill_(1);
        x.select(0, 1).mul_(5);
        x.t()[0, 1].add_(7);
        x.ShouldBe([2, 3], [0, 1, 1, 7, 5, 5]);
    }

    private static readonly Dictionary<string, Func<Tensor, Tensor>> Copies = new()
    {
        ["reshape of what is not contiguous"] = x => x.permute(2, 0, 1).reshape(24),
        ["flatten of what is not contiguous"] = x => x.permute(2, 0, 1).flatten(),
        ["contiguous of what is not contiguous"] = x => x.transpose(0, 1).contiguous(),
        ["clone"] = x => x.clone(),
        ["repeat"] = x => x.repeat(1, 1, 2),
        ["flip"] = x => x.flip(0),
        ["index_select"] = x => x.index_select(0, tensor(new[] { 0L, 1L })),
        ["gather"] = x => x.gather(2, zeros([2, 3, 1], int64)),
        ["masked_fill"] = x => x.masked_fill(x.lt(0), 0),
        ["index by a tensor"] = x => x[tensor(new[] { 0L, 1L })],
        ["index by a mask"] = x => x[x.ge(0)],
        ["conversion"] = x => x.to(float64),
        ["cat"] = x => cat([x, x]),
        ["stack"] = x => stack([x, x]),
    };

    public static TheoryData<string> CopyNames => [.. Copies.Keys];

    [Theory]
    [MemberData(nameof(CopyNames))]
    public void A_copy_does_not_share_its_memory(string name)
    {
        var x = X();
        var copy = Copies[name](x);
        var before = copy.Elements();
        x.add_(100);
        copy.Elements().Should().Equal(before);
    }

    [Fact]
    public void Contiguous_of_a_contiguous_tensor_is_the_same_memory()
    {
        var x = X();
        var same = x.contiguous();
        x.fill_(0);
        same.sum().ShouldBe(0);
    }

    [Fact]
    public void Squeeze_takes_away_only_dimensions_of_length_1()
    {
        zeros(1, 2, 1, 3).squeeze().shape.Should().Equal(2, 3);
        zeros(1, 2, 1, 3).squeeze(0).shape.Should().Equal(2, 1, 3);
        zeros(1, 2, 1, 3).squeeze(1).shape.Should().Equal(1, 2, 1, 3);
        zeros(1, 2, 1, 3).squeeze(-2).shape.Should().Equal(1, 2, 3);
    }

    [Fact]
    public void A_length_of_minus_1_is_worked_out()
    {
        X().view(4, -1).shape.Should().Equal(4, 6);
        X().reshape(-1).shape.Should().Equal(24);
        X().narrow(1, 0, 1).expand(-1, 5, -1).shape.Should().Equal(2, 5, 4);
    }

    [Fact]
    public void Flatten_joins_a_range_of_dimensions()
    {
        X().flatten(1).shape.Should().Equal(2, 12);
        X().flatten(0, 1).shape.Should().Equal(6, 4);
        tensor(1f).flatten().shape.Should().Equal(1);
    }

    [Fact]
    public void Chunks_are_equal_but_for_the_last()
    {
        // parts = torch.arange(7.).chunk(3)
        var parts = arange(7, float32).chunk(3);
        parts.Should().HaveCount(3);
        parts[0].ShouldBe([3], [0, 1, 2]);
        parts[1].ShouldBe([3], [3, 4, 5]);
        parts[2].ShouldBe([1], [6]);
    }

    [Fact]
    public void Splits_have_the_asked_for_length_but_for_the_last()
    {
        // parts = torch.arange(10.).reshape(2, 5).split(2, dim=1)
        var parts = arange(10, float32).reshape(2, 5).split(2, dim: 1);
        parts.Select(part => part.size(1)).Should().Equal(2, 2, 1);
        parts[1].ShouldBe([2, 2], [2, 3, 7, 8]);
        parts[2].ShouldBe([2, 1], [4, 9]);
    }

    [Fact]
    public void Unbind_gives_one_tensor_for_each_position()
    {
        // parts = torch.arange(6.).reshape(2, 3).unbind(1)
        var parts = arange(6, float32).reshape(2, 3).unbind(1);
        parts.Should().HaveCount(3);
        parts[0].ShouldBe([2], [0, 3]);
        parts[2].ShouldBe([2], [2, 5]);
    }

    [Fact]
    public void Repeat_and_flip_copy_in_the_right_order()
    {
        // x = torch.tensor([[1., 2.], [3., 4.]])
        var x = tensor(new[] { 1f, 2f, 3f, 4f }, [2, 2]);
        x.repeat(2, 1).ShouldBe([4, 2], [1, 2, 3, 4, 1, 2, 3, 4]);
        x.repeat(2, 1, 2).ShouldBe([2, 2, 4], [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4]);
        x.flip(1).ShouldBe([2, 2], [2, 1, 4, 3]);
        x.flip(0, 1).ShouldBe([2, 2], [4, 3, 2, 1]);
    }

    [Fact]
    public void Cat_and_stack_join_along_a_dimension()
    {
        // a, b = torch.tensor([[1., 2.]]), torch.tensor([[3., 4.]])
        Tensor a = tensor(new[] { 1f, 2f }, [1, 2]), b = tensor(new[] { 3f, 4f }, [1, 2]);
        cat([a, b]).ShouldBe([2, 2], [1, 2, 3, 4]);
        cat([a, b], 1).ShouldBe([1, 4], [1, 2, 3, 4]);
        stack([a, b]).ShouldBe([2, 1, 2], [1, 2, 3, 4]);
        stack([a, b], -1).ShouldBe([1, 2, 2], [1, 3, 2, 4]);
        cat([a, tensor(new[] { 5L, 6L }, [1, 2])]).dtype.Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void Channels_last_is_a_matter_of_strides()
    {
        // y = torch.zeros(2, 3, 4, 5).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        var y = zeros(2, 3, 4, 5).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        y.shape.Should().Equal(2, 3, 4, 5);
        y.stride().Should().Equal(60, 1, 15, 3);
        nn.functional.relu(y).stride().Should().Equal(60, 1, 15, 3);
        (y + 1).stride().Should().Equal(60, 1, 15, 3);
    }
}
