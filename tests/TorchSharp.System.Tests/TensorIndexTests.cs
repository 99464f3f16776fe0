using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Index expressions, read and written, against what Python's give.</summary>
public class TensorIndexTests
{
    private static readonly TensorIndex Colon = TensorIndex.Colon, Ellipsis = TensorIndex.Ellipsis, None = TensorIndex.None;

    private static Tensor X() => arange(24, float32).reshape(2, 3, 4);

    private static Tensor Indices(params long[] values) => tensor(values);

    private static TensorIndex At(params long[] values) => TensorIndex.Tensor(Indices(values));

    private sealed record Case(TensorIndex[] Index, long[] Shape, double[] Values, double[] AfterPut);

    // x = torch.arange(24.).reshape(2, 3, 4); for each expression: x[…], and x after x[…] = -1
    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["0"] = new([TensorIndex.Single(0)], [3, 4], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["-1"] = new([TensorIndex.Single(-1)], [3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["1, 2"] = new([1, 2], [4], [20, 21, 22, 23], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, -1, -1, -1, -1]),
        ["1, 2, 3"] = new([1, 2, 3], [], [23], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, -1]),
        ["-1, -3, -4"] = new([-1, -3, -4], [], [12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
        [":"] = new([Colon], [2, 3, 4], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, 1"] = new([Colon, 1], [2, 4], [
            4, 5, 6, 7, 16, 17, 18, 19
        ], [
            0, 1, 2, 3, -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, 20, 21, 22, 23
        ]),
        [":, :, -1"] = new([Colon, Colon, -1], [2, 3], [
            3, 7, 11, 15, 19, 23
        ], [
            0, 1, 2, -1, 4, 5, 6, -1, 8, 9, 10, -1, 12, 13, 14, -1, 16, 17, 18, -1, 20, 21, 22, -1
        ]),
        ["1:"] = new([TensorIndex.Slice(1)], [1, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, 1:3"] = new([Colon, TensorIndex.Slice(1, 3)], [2, 2, 4], [
            4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, -2:"] = new([Colon, TensorIndex.Slice(-2)], [2, 2, 4], [
            4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, :-1"] = new([Colon, TensorIndex.Slice(null, -1)], [2, 2, 4], [
            0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18, 19
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, 20, 21, 22, 23
        ]),
        [":, :, ::2"] = new([Colon, Colon, TensorIndex.Slice(null, null, 2)], [2, 3, 2], [
            0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22
        ], [
            -1, 1, -1, 3, -1, 5, -1, 7, -1, 9, -1, 11, -1, 13, -1, 15, -1, 17, -1, 19, -1, 21, -1, 23
        ]),
        [":, :, 1:4:2"] = new([Colon, Colon, TensorIndex.Slice(1, 4, 2)], [2, 3, 2], [
            1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23
        ], [
            0, -1, 2, -1, 4, -1, 6, -1, 8, -1, 10, -1, 12, -1, 14, -1, 16, -1, 18, -1, 20, -1, 22, -1
        ]),
        [":, 1:99"] = new([Colon, TensorIndex.Slice(1, 99)], [2, 2, 4], [
            4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, 2:1"] = new([Colon, TensorIndex.Slice(2, 1)], [2, 0, 4], [], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["..."] = new([Ellipsis], [2, 3, 4], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["..., 1"] = new([Ellipsis, 1], [2, 3], [
            1, 5, 9, 13, 17, 21
        ], [
            0, -1, 2, 3, 4, -1, 6, 7, 8, -1, 10, 11, 12, -1, 14, 15, 16, -1, 18, 19, 20, -1, 22, 23
        ]),
        ["1, ..."] = new([1, Ellipsis], [3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["0, ..., 2"] = new([0, Ellipsis, 2], [3], [2, 6, 10], [
            0, 1, -1, 3, 4, 5, -1, 7, 8, 9, -1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["0, 1, ..., 2"] = new([0, 1, Ellipsis, 2], [], [6], [
            0, 1, 2, 3, 4, 5, -1, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["..., 1:3, 0"] = new([Ellipsis, TensorIndex.Slice(1, 3), 0], [2, 2], [4, 8, 16, 20], [
            0, 1, 2, 3, -1, 5, 6, 7, -1, 9, 10, 11, 12, 13, 14, 15, -1, 17, 18, 19, -1, 21, 22, 23
        ]),
        ["None"] = new([None], [1, 2, 3, 4], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["None, 1"] = new([None, 1], [1, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["1, None"] = new([1, None], [1, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, None, 1"] = new([Colon, None, 1], [2, 1, 4], [
            4, 5, 6, 7, 16, 17, 18, 19
        ], [
            0, 1, 2, 3, -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, 20, 21, 22, 23
        ]),
        ["..., None"] = new([Ellipsis, None], [2, 3, 4, 1], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["0, None, ..., None, 1:"] = new([0, None, Ellipsis, None, TensorIndex.Slice(1)], [1, 3, 1, 3], [
            1, 2, 3, 5, 6, 7, 9, 10, 11
        ], [
            0, -1, -1, -1, 4, -1, -1, -1, 8, -1, -1, -1, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["None (as Null)"] = new([TensorIndex.Null, 1], [1, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["[1, 0, 1]"] = new([At(1, 0, 1)], [3, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
            22, 23
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        [":, [2, 0]"] = new([Colon, At(2, 0)], [2, 2, 4], [
            8, 9, 10, 11, 0, 1, 2, 3, 20, 21, 22, 23, 12, 13, 14, 15
        ], [
            -1, -1, -1, -1, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1, 16, 17, 18, 19, -1, -1, -1, -1
        ]),
        [":, :, [3, -1]"] = new([Colon, Colon, At(3, -1)], [2, 3, 2], [
            3, 3, 7, 7, 11, 11, 15, 15, 19, 19, 23, 23
        ], [
            0, 1, 2, -1, 4, 5, 6, -1, 8, 9, 10, -1, 12, 13, 14, -1, 16, 17, 18, -1, 20, 21, 22, -1
        ]),
        ["1, [0, 2]"] = new([1, At(0, 2)], [2, 4], [
            12, 13, 14, 15, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, 16, 17, 18, 19, -1, -1, -1, -1
        ]),
        ["[0, 1], [2, 0]"] = new([At(0, 1), At(2, 0)], [2, 4], [
            8, 9, 10, 11, 12, 13, 14, 15
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["[0, 1], :, [3, 1]"] = new([At(0, 1), Colon, At(3, 1)], [2, 3], [
            3, 7, 11, 13, 17, 21
        ], [
            0, 1, 2, -1, 4, 5, 6, -1, 8, 9, 10, -1, 12, -1, 14, 15, 16, -1, 18, 19, 20, -1, 22, 23
        ]),
        [":, [0, 2], [1, 3]"] = new([Colon, At(0, 2), At(1, 3)], [2, 2], [1, 11, 13, 23], [
            0, -1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, 12, -1, 14, 15, 16, 17, 18, 19, 20, 21, 22, -1
        ]),
        ["..., [0, 3]"] = new([Ellipsis, At(0, 3)], [2, 3, 2], [
            0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23
        ], [
            -1, 1, 2, -1, -1, 5, 6, -1, -1, 9, 10, -1, -1, 13, 14, -1, -1, 17, 18, -1, -1, 21, 22, -1
        ]),
        ["[1], ..., 2"] = new([At(1), Ellipsis, 2], [1, 3], [14, 18, 22], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, -1, 15, 16, 17, -1, 19, 20, 21, -1, 23
        ]),
        [":, [1], None"] = new([Colon, At(1), None], [2, 1, 1, 4], [
            4, 5, 6, 7, 16, 17, 18, 19
        ], [
            0, 1, 2, 3, -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, 20, 21, 22, 23
        ]),
        ["None, [1, 0]"] = new([None, At(1, 0)], [1, 2, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["True"] = new([TensorIndex.Bool(true)], [1, 2, 3, 4], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
        ["False"] = new([TensorIndex.Bool(false)], [0, 2, 3, 4], [], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ]),
        ["1, True"] = new([1, TensorIndex.Bool(true)], [1, 3, 4], [
            12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
        ], [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
        ]),
    };

    public static TheoryData<string> Expressions => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Expressions))]
    public void An_index_reads_what_Python_reads(string expression)
    {
        var expected = Cases[expression];
        X()[expected.Index].ShouldBe(expected.Shape, expected.Values);
        X().index(expected.Index).ShouldBe(expected.Shape, expected.Values);
    }

    [Theory]
    [MemberData(nameof(Expressions))]
    public void An_index_writes_where_Python_writes(string expression)
    {
        var expected = Cases[expression];
        var x = X();
        x[expected.Index] = tensor(-1f);
        x.ShouldBe([2, 3, 4], expected.AfterPut);
        x = X();
        x.index_put_(tensor(-1f), expected.Index).Should().BeSameAs(x);
        x.ShouldBe([2, 3, 4], expected.AfterPut);
    }

    [Fact]
    public void Numbers_and_ranges_of_the_language_are_indices()
    {
        var x = arange(10, float32);
        x[^1].ShouldBe(9);
        x[2..5].ShouldBe([3], [2, 3, 4]);
        x[..^7].ShouldBe([3], [0, 1, 2]);
        x[^3..].ShouldBe([3], [7, 8, 9]);
        x[..].shape.Should().Equal(10);
        X()[1, ^2, 1..].ShouldBe([3], [17, 18, 19]);
    }

    [Fact]
    public void Whole_numbers_alone_pick_one_element()
    {
        var x = X();
        x[1].ShouldBe([3, 4], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
        x[-1, 0].ShouldBe([4], [12, 13, 14, 15]);
        x[0, 1, 2].ShouldBe(6);
        x.reshape(2, 3, 2, 2)[1, 2, 0, 1].ShouldBe(21);
    }

    [Fact]
    public void Assigning_to_an_element_changes_only_that()
    {
        var x = zeros(2, 2);
        x[0, 1] = tensor(5f);
        x[1] = tensor(new[] { 7f, 8f });
        x.ShouldBe([2, 2], [0, 5, 7, 8]);
        var y = zeros([1, 2, 2]);
        y[0, 1, 1] = tensor(3f);
        y.ShouldBe([1, 2, 2], [0, 0, 0, 3]);
        var z = zeros(1, 1, 2, 2);
        z[0, 0, 1, 0] = tensor(4f);
        z.ShouldBe([1, 1, 2, 2], [0, 0, 4, 0]);
    }

    [Fact]
    public void A_value_is_broadcast_over_what_it_is_assigned_to()
    {
        var x = X();
        x[Colon, 1..] = tensor(new[] { 1f, 2f, 3f, 4f });
        // x[:, 1:] = torch.tensor([1., 2., 3., 4.])
        x.ShouldBe([2, 3, 4], [0, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 12, 13, 14, 15, 1, 2, 3, 4, 1, 2, 3, 4]);
        x[Ellipsis, 0] = tensor(new[] { 10f, 20f }, [2, 1]);
        // x[..., 0] = torch.tensor([[10.], [20.]])
        x.ShouldBe([2, 3, 4], [10, 1, 2, 3, 10, 2, 3, 4, 10, 2, 3, 4, 20, 13, 14, 15, 20, 2, 3, 4, 20, 2, 3, 4]);
    }

    [Fact]
    public void Leading_dimensions_of_length_1_of_a_value_do_not_matter()
    {
        // x[0, :] = torch.ones(1, 1, 3); x[1, [0, 2]] = torch.full((1, 2), 2.)
        var x = zeros(2, 3);
        x[TensorIndex.Single(0), Colon] = ones([1, 1, 3]);
        x.ShouldBe([2, 3], [1, 1, 1, 0, 0, 0]);
        x[TensorIndex.Single(1), At(0, 2)] = full([1, 2], 2f);
        x.ShouldBe([2, 3], [1, 1, 1, 2, 0, 2]);
    }

    [Fact]
    public void A_value_of_another_type_is_converted_when_assigned_to_a_slice()
    {
        var x = zeros(3);
        x[1..] = tensor(new[] { 4L, 5L });
        x.ShouldBe([3], [0, 4, 5]);
    }

    [Fact]
    public void Slices_are_views_and_tensors_of_indices_make_copies()
    {
        var x = zeros(3, 4);
        x[1.., TensorIndex.Slice(null, null, 2)].fill_(1);
        x.ShouldBe([3, 4], [0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
        x[At(0)].fill_(9);
        x[0].sum().ShouldBe(0);
    }

    [Fact]
    public void A_tensor_indexes_rows()
    {
        // x = torch.arange(6.).reshape(3, 2)
        var x = arange(6, float32).reshape(3, 2);
        x[Indices(2, 0, 2)].ShouldBe([3, 2], [4, 5, 0, 1, 4, 5]);
        x[Indices(-1)].ShouldBe([1, 2], [4, 5]);
        x[tensor(new[] { 0L, 2L, 1L, 1L }, [2, 2])].ShouldBe([2, 2, 2], [0, 1, 4, 5, 2, 3, 2, 3]);
        x[Indices(0, 2), Indices(1, 0)].ShouldBe([2], [1, 4]);
        x[Indices(0, 2)] = tensor(-1f);
        x.ShouldBe([3, 2], [-1, -1, 2, 3, -1, -1]);
        x[Indices(0, 2), Indices(1, 0)] = tensor(new[] { 7f, 8f });
        x.ShouldBe([3, 2], [-1, 7, 2, 3, 8, -1]);
    }

    [Fact]
    public void A_mask_picks_and_sets_the_elements_where_it_is_true()
    {
        // x = pattern(2, 3)
        var x = Pattern([2, 3]);
        x[x.gt(0)].ShouldBe([3], [0.5, 1.25, 0.25]);
        x[x.lt(0)] = tensor(0f);
        x.ShouldBe([2, 3], [0, 0.5, 0, 1.25, 0.25, 0]);
        x[tensor(new[] { false, true })] = tensor(new[] { 1f, 2f, 3f });
        x[1].ShouldBe([3], [1, 2, 3]);
        x[tensor(new[] { false, false })].shape.Should().Equal(0, 3);
    }

    [Fact]
    public void A_mask_of_several_dimensions_takes_as_many_places()
    {
        // x = torch.arange(24.).reshape(2, 3, 4); mask = torch.tensor([[True, False, False], [False, True, True]])
        var x = X();
        var mask = TensorIndex.Tensor(tensor(new[] { true, false, false, false, true, true }).reshape(2, 3));
        x[mask].ShouldBe([3, 4], [0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23]);
        x[mask, Ellipsis].ShouldBe([3, 4], [0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23]);
        x[mask] = tensor(-1f);
        // x[mask] = -1
        x.ShouldBe([2, 3, 4], [-1, -1, -1, -1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1]);
    }

    [Fact]
    public void A_mask_of_several_dimensions_behind_the_ellipsis_takes_as_many_places()
    {
        // x = torch.arange(24.).reshape(2, 3, 4)
        // mask = torch.tensor([[True, False, False, False], [False, True, True, False], [False, False, False, True]])
        var x = X();
        var mask = TensorIndex.Tensor(
            tensor(new[] { true, false, false, false, false, true, true, false, false, false, false, true }).reshape(3, 4));
        x[Ellipsis, mask].ShouldBe([2, 4], [0, 5, 6, 11, 12, 17, 18, 23]);
        x[1, Ellipsis, mask].ShouldBe([4], [12, 17, 18, 23]);
    }

    [Fact]
    public void An_index_tensor_without_dimensions_picks_like_a_number()
    {
        var x = X();
        x[TensorIndex.Tensor(tensor(1L))].ShouldBe([3, 4], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
        x[Colon, TensorIndex.Tensor(tensor(-1L))].ShouldBe([2, 4], [8, 9, 10, 11, 20, 21, 22, 23]);
        // x[torch.tensor(1), :, [0, 2]]
        x[TensorIndex.Tensor(tensor(1L)), Colon, At(0, 2)].ShouldBe([3, 2], [12, 14, 16, 18, 20, 22]);
    }

    [Fact]
    public void Gradients_flow_back_through_an_index()
    {
        // x = torch.zeros(2, 3, requires_grad=True); (x[:, 1:] * 2).sum().backward(); x[[0, 0], [2, 2]].sum().backward()
        var x = zeros(2, 3, requires_grad: true);
        (x[Colon, 1..] * 2).sum().backward();
        x[Indices(0, 0), Indices(2, 2)].sum().backward();
        x.grad!.ShouldBe([2, 3], [0, 2, 4, 0, 2, 2]);
    }

    [Fact]
    public void Gathering_and_selecting_take_elements_by_number()
    {
        // x = torch.arange(6.).reshape(2, 3)
        var x = arange(6, float32).reshape(2, 3);
        x.gather(1, tensor(new[] { 2L, 0L, 1L, 1L }, [2, 2])).ShouldBe([2, 2], [2, 0, 4, 4]);
        x.index_select(1, Indices(2, 2, 0)).ShouldBe([2, 3], [2, 2, 0, 5, 5, 3]);
        x.masked_fill(x.gt(3), -1).ShouldBe([2, 3], [0, 1, 2, 3, -1, -1]);
        where(x.gt(3), x, zeros_like(x)).ShouldBe([2, 3], [0, 0, 0, 0, 4, 5]);
    }

    [Fact]
    public void Reading_leaves_no_more_tensors_than_it_gives()
    {
        var x = X();
        var mask = TensorIndex.Tensor(x.ge(0));
        using var scope = NewDisposeScope();
        using (var y = x[Colon, 1, None, ..2]) scope.DisposablesCount.Should().Be(1);
        using (var y = x[mask]) scope.DisposablesCount.Should().Be(1);
        using (var value = tensor(1f)) x[Colon, 1, ..2] = value;
        scope.DisposablesCount.Should().Be(0);
        x.Invoking(t => t[Colon, 5]).Should().Throw<System.Runtime.InteropServices.ExternalException>();
        scope.DisposablesCount.Should().Be(0);
    }
}
