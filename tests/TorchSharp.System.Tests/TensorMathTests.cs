using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Arithmetic, comparisons, reductions and the types that come out of them.</summary>
public class TensorMathTests
{
    // a = torch.tensor([[1., -2.5], [0.5, 4.]]); b = torch.tensor([[2., 4.], [-8., 0.25]]); i = torch.tensor([1, 2, 5])
    private static Tensor A() => tensor(new[] { 1f, -2.5f, 0.5f, 4f }, [2, 2]);

    private static Tensor B() => tensor(new[] { 2f, 4f, -8f, 0.25f }, [2, 2]);

    private static Tensor I() => tensor(new[] { 1L, 2L, 5L });

    [Fact]
    public void Tensors_add_subtract_multiply_and_divide()
    {
        Tensor a = A(), b = B();
        (a + b).ShouldBe([2, 2], [3, 1.5, -7.5, 4.25]);
        (a - b).ShouldBe([2, 2], [-1, -6.5, 8.5, 3.75]);
        (a * b).ShouldBe([2, 2], [2, -10, -4, 1]);
        (a / b).ShouldBe([2, 2], [0.5, -0.625, -0.0625, 16]);
        (-a).ShouldBe([2, 2], [-1, 2.5, -0.5, -4]);
        a.add(b, alpha: -0.5).ShouldBe([2, 2], [0, -4.5, 4.5, 3.875]);
        a.add(b).ShouldBe([2, 2], [3, 1.5, -7.5, 4.25]);
        a.sub(b).ShouldBe([2, 2], [-1, -6.5, 8.5, 3.75]);
        a.mul(b).ShouldBe([2, 2], [2, -10, -4, 1]);
        a.div(b).ShouldBe([2, 2], [0.5, -0.625, -0.0625, 16]);
    }

    [Fact]
    public void Numbers_may_stand_on_either_side()
    {
        var a = A();
        (a + 1).ShouldBe([2, 2], [2, -1.5, 1.5, 5]);
        (1 + a).ShouldBe([2, 2], [2, -1.5, 1.5, 5]);
        (a + 1.5f).ShouldBe([2, 2], [2.5, -1, 2, 5.5]);
        (1.5 + a).ShouldBe([2, 2], [2.5, -1, 2, 5.5]);
        (a - 1L).ShouldBe([2, 2], [0, -3.5, -0.5, 3]);
        (1 - a).ShouldBe([2, 2], [0, 3.5, 0.5, -3]);
        (0.25f - a).ShouldBe([2, 2], [-0.75, 2.75, -0.25, -3.75]);
        (a * 3).ShouldBe([2, 2], [3, -7.5, 1.5, 12]);
        (3.0 * a).ShouldBe([2, 2], [3, -7.5, 1.5, 12]);
        (a / 4).ShouldBe([2, 2], [0.25, -0.625, 0.125, 1]);
        (4 / a).ShouldBe([2, 2], [4, -1.6, 8, 1]);
        (1.5 / a).ShouldBe([2, 2], [1.5, -0.6, 3, 0.375]);
        ((Scalar)2 - a).ShouldBe([2, 2], [1, 4.5, 1.5, -2]);
        ((Scalar)2 / a).ShouldBe([2, 2], [2, -0.8, 4, 0.5]);
    }

    [Fact]
    public void A_whole_number_leaves_whole_numbers_whole()
    {
        // (i + 1).dtype, (1 - i).dtype, (2 * i).dtype: torch.int64; i / 2, 10 / i, 1.5 * i: torch.float32
        var i = I();
        (i + 1).dtype.Should().Be(ScalarType.Int64);
        (i - 1L).dtype.Should().Be(ScalarType.Int64);
        (i * 2).dtype.Should().Be(ScalarType.Int64);
        (1 + i).dtype.Should().Be(ScalarType.Int64);
        (1 - i).ShouldBe([3], [0, -1, -4]);
        (1 - i).dtype.Should().Be(ScalarType.Int64);
        (2L * i).dtype.Should().Be(ScalarType.Int64);
        (2 * i).dtype.Should().Be(ScalarType.Int64);
    }

    [Fact]
    public void Dividing_whole_numbers_or_joining_them_with_others_gives_float32()
    {
        var i = I();
        (i / 2).ShouldBe([3], [0.5, 1, 2.5]);
        (i / 2).dtype.Should().Be(ScalarType.Float32);
        (10 / i).ShouldBe([3], [10, 5, 2]);
        (10 / i).dtype.Should().Be(ScalarType.Float32);
        (1.5 * i).ShouldBe([3], [1.5, 3, 7.5]);
        (1.5 * i).dtype.Should().Be(ScalarType.Float32);
        (0.5 - i).ShouldBe([3], [-0.5, -1.5, -4.5]);
        (i + 0.5f).dtype.Should().Be(ScalarType.Float32);
        (i / i).dtype.Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void Types_are_promoted_as_in_PyTorch()
    {
        static ScalarType Sum(Tensor x, Tensor y) => (x + y).dtype;
        Sum(ones(2, dtype: uint8), ones(2, dtype: int8)).Should().Be(ScalarType.Int16);
        Sum(ones(2, dtype: int32), ones(2, dtype: int64)).Should().Be(ScalarType.Int64);
        Sum(ones(2, dtype: int64), ones(2, dtype: float16)).Should().Be(ScalarType.Float16);
        Sum(ones(2, dtype: float16), ones(2, dtype: bfloat16)).Should().Be(ScalarType.Float32);
        Sum(ones(2), ones(2, dtype: float64)).Should().Be(ScalarType.Float64);
        Sum(ones(2, dtype: @bool), ones(2, dtype: uint8)).Should().Be(ScalarType.Byte);
        // A tensor without dimensions counts only by its kind of number.
        Sum(ones(2), tensor(1.0)).Should().Be(ScalarType.Float32);
        Sum(ones(2, dtype: int32), tensor(1L)).Should().Be(ScalarType.Int32);
        Sum(ones(2, dtype: int32), tensor(1.0)).Should().Be(ScalarType.Float64);
        Sum(tensor(1f), tensor(1.0)).Should().Be(ScalarType.Float64);
        // Bytes wrap around.
        (tensor(new byte[] { 200, 255 }) + tensor(new byte[] { 100, 1 })).ShouldBe([2], [44, 0]);
        (3 - tensor(new byte[] { 1, 5 })).ShouldBe([2], [2, 254]);
        (ones(1, dtype: uint8) / 2).ShouldBe([1], [0.5]);
    }

    [Fact]
    public void Shapes_are_broadcast()
    {
        // x, y = pattern(2, 1, 3), pattern(4, 1, start=5)
        Tensor x = Pattern([2, 1, 3]), y = Pattern([4, 1], 5);
        (x * y).ShouldBe([2, 4, 3], [
            0.9375, -0.375, 0.375, -1.25, 0.5, -0.5, 0, 0, 0, 1.25, -0.5, 0.5, -0.9375, -0.1875, 0.5625, 1.25, 0.25, -0.75, 0, 0, 0,
            -1.25, -0.25, 0.75
        ]);
        (x - y).ShouldBe([2, 4, 3], [
            -0.5, 1.25, 0.25, -2.25, -0.5, -1.5, -1.25, 0.5, -0.5, -0.25, 1.5, 0.5, 2, 1, 0, 0.25, -0.75, -1.75, 1.25, 0.25, -0.75, 2.25,
            1.25, 0.25
        ]);
        x.maximum(y).ShouldBe([2, 4, 3], [
            -0.75, 0.5, -0.5, 1, 1, 1, 0, 0.5, 0, -1, 0.5, -0.5, 1.25, 0.25, -0.75, 1.25, 1, 1, 1.25, 0.25, 0, 1.25, 0.25, -0.75
        ]);
        x.minimum(y).ShouldBe([2, 4, 3], [
            -1.25, -0.75, -0.75, -1.25, 0.5, -0.5, -1.25, 0, -0.5, -1.25, -1, -1, -0.75, -0.75, -0.75, 1, 0.25, -0.75, 0, 0, -0.75, -1,
            -1, -1
        ]);
    }

    [Fact]
    public void Quotients_are_rounded_as_asked()
    {
        // q, d = torch.tensor([-7., -1., 7.]), torch.tensor([2., 3., -2.])
        Tensor q = tensor(new[] { -7f, -1f, 7f }), d = tensor(new[] { 2f, 3f, -2f });
        q.div(d, RoundingMode.trunc).ShouldBe([3], [-3, 0, -3]);
        q.div(d, RoundingMode.floor).ShouldBe([3], [-4, -1, -4]);
        q.div(d, RoundingMode.None).ShouldBe([3], [-3.5, -0.33333334, -3.5]);
        q.div(2, RoundingMode.floor).ShouldBe([3], [-4, -1, 3]);
        var whole = tensor(new[] { -7L, 7L });
        whole.div(2, RoundingMode.trunc).ShouldBe([2], [-3, 3]);
        whole.div(2, RoundingMode.trunc).dtype.Should().Be(ScalarType.Int64);
        whole.div_(2, RoundingMode.floor).ShouldBe([2], [-4, 3]);
        q.div_(d, RoundingMode.trunc).ShouldBe([3], [-3, 0, -3]);
    }

    private static readonly Dictionary<string, (Func<Tensor, Tensor> Of, double[] Values)> Functions = new()
    {
        // p = torch.tensor([0.25, 1., 2., 9.])
        ["exp"] = (p => p.exp(), [1.2840254, 2.7182817, 7.389056, 8103.084]),
        ["log"] = (p => p.log(), [-1.3862944, 0, 0.6931472, 2.1972246]),
        ["sqrt"] = (p => p.sqrt(), [0.5, 1, 1.4142135, 3]),
        ["rsqrt"] = (p => p.rsqrt(), [2, 1, 0.70710677, 0.33333334]),
        ["square"] = (p => p.square(), [0.0625, 1, 4, 81]),
        ["pow"] = (p => p.pow(1.5), [0.125, 1, 2.828427, 27]),
        ["sigmoid"] = (p => p.sigmoid(), [0.5621765, 0.7310586, 0.880797, 0.9998766]),
        ["neg"] = (p => p.neg(), [-0.25, -1, -2, -9]),
        ["abs"] = (p => p.sub(2).abs(), [1.75, 1, 0, 7]),
        ["relu"] = (p => p.sub(1.5).relu(), [0, 0, 0.5, 7.5]),
        ["clamp"] = (p => p.clamp(0.5, 2), [0.5, 1, 2, 2]),
        ["clamp from below"] = (p => p.clamp(min: 1), [1, 1, 2, 9]),
        ["clamp from above"] = (p => p.clamp(max: 1.5), [0.25, 1, 1.5, 1.5]),
        ["softmax"] = (p => p.softmax(0), [0.00015823886, 0.00033499167, 0.0009106018, 0.99859613]),
        ["log_softmax"] = (p => p.log_softmax(-1), [-8.751405, -8.001405, -7.001405, -0.0014048478]),
        ["cumsum"] = (p => p.cumsum(0), [0.25, 1.25, 3.25, 12.25]),
    };

    public static TheoryData<string> FunctionNames => [.. Functions.Keys];

    [Theory]
    [MemberData(nameof(FunctionNames))]
    public void A_function_of_each_element_gives_PyTorchs_values(string name)
    {
        var (of, values) = Functions[name];
        of(tensor(new[] { 0.25f, 1f, 2f, 9f })).ShouldBe([4], values);
    }

    private static readonly Dictionary<string, (Func<Tensor, Tensor> Do, double[] Values)> InPlace = new()
    {
        // x = torch.tensor([1., -2., 4.]); v = torch.tensor([2., 3., 0.5])
        ["add_ a tensor"] = (x => x.add_(V()), [3, 1, 4.5]),
        ["add_ a multiple"] = (x => x.add_(V(), alpha: 3), [7, 7, 5.5]),
        ["add_ a number"] = (x => x.add_(1.5), [2.5, -0.5, 5.5]),
        ["sub_ a tensor"] = (x => x.sub_(V()), [-1, -5, 3.5]),
        ["sub_ a number"] = (x => x.sub_(2), [-1, -4, 2]),
        ["mul_ by a tensor"] = (x => x.mul_(V()), [2, -6, 2]),
        ["mul_ by a number"] = (x => x.mul_(-0.5), [-0.5, 1, -2]),
        ["div_ by a tensor"] = (x => x.div_(V()), [0.5, -0.6666667, 8]),
        ["div_ by a number"] = (x => x.div_(4), [0.25, -0.5, 1]),
        ["clamp_"] = (x => x.clamp_(-1, 2), [1, -1, 2]),
        ["relu_"] = (x => x.relu_(), [1, 0, 4]),
        ["sqrt_"] = (x => x.mul_(x).sqrt_(), [1, 2, 4]),
        ["fill_"] = (x => x.fill_(2.5), [2.5, 2.5, 2.5]),
        ["copy_"] = (x => x.copy_(V()), [2, 3, 0.5]),
        ["lerp_"] = (x => x.lerp_(V(), tensor(new[] { 0.5f, 0f, 1f })), [1.5, -2, 0.5]),
        ["addcdiv_"] = (x => x.addcdiv_(V(), tensor(new[] { 4f, 2f, 1f }), 0.5), [1.25, -1.25, 4.25]),
        ["addcmul_"] = (x => x.addcmul_(V(), V(), 0.5), [3, 2.5, 4.125]),
        ["uniform_"] = (x => x.uniform_(3, 3), [3, 3, 3]),
        ["normal_"] = (x => x.normal_(2, 0), [2, 2, 2]),
        ["bernoulli_"] = (x => x.bernoulli_(1), [1, 1, 1]),
        ["requires_grad_"] = (x => x.requires_grad_(), [1, -2, 4]),
    };

    private static Tensor V() => tensor(new[] { 2f, 3f, 0.5f });

    public static TheoryData<string> InPlaceNames => [.. InPlace.Keys];

    [Theory]
    [MemberData(nameof(InPlaceNames))]
    public void What_works_in_place_gives_back_the_same_object(string name)
    {
        var (act, values) = InPlace[name];
        var x = tensor(new[] { 1f, -2f, 4f });
        act(x).Should().BeSameAs(x);
        x.ShouldBe([3], values);
    }

    [Fact]
    public void Zeroing_works_in_place()
    {
        var x = tensor(new[] { 1f, -2f, 4f });
        var y = x.zero_();
        x.ShouldBe([3], [0, 0, 0]);
        y.fill_(1);
        x.ShouldBe([3], [1, 1, 1]);
    }

    [FactBeyondTorchSharp("gives another object of the same memory")]
    public void Zeroing_gives_back_the_same_object()
    {
        var x = ones(2);
        x.zero_().Should().BeSameAs(x);
    }

    [Fact]
    public void In_place_keeps_the_type()
    {
        var x = ones(2, dtype: int64);
        x.mul_(3);
        x.dtype.Should().Be(ScalarType.Int64);
        // torch.ones(2, dtype=torch.int64).mul_(1.5)
        LibtorchError(() => x.mul_(1.5)).Should().Be("result type Float can't be cast to the desired output type Long");
    }

    [Fact]
    public void Comparisons_are_true_or_false_for_each_element()
    {
        Tensor a = A(), b = B();
        a.eq(a).dtype.Should().Be(ScalarType.Bool);
        a.lt(b).ShouldBe([2, 2], [1, 1, 0, 0]);
        a.le(b).ShouldBe([2, 2], [1, 1, 0, 0]);
        a.gt(b).ShouldBe([2, 2], [0, 0, 1, 1]);
        a.ge(b).ShouldBe([2, 2], [0, 0, 1, 1]);
        a.eq(b).ShouldBe([2, 2], [0, 0, 0, 0]);
        a.ne(b).ShouldBe([2, 2], [1, 1, 1, 1]);
        a.lt(1).ShouldBe([2, 2], [0, 1, 1, 0]);
        a.le(1).ShouldBe([2, 2], [1, 1, 1, 0]);
        a.gt(1).ShouldBe([2, 2], [0, 0, 0, 1]);
        a.ge(1).ShouldBe([2, 2], [1, 0, 0, 1]);
        a.eq(0.5).ShouldBe([2, 2], [0, 0, 1, 0]);
        a.ne(0.5).ShouldBe([2, 2], [1, 1, 0, 1]);
        a.gt(0).logical_and(b.gt(0)).ShouldBe([2, 2], [1, 0, 0, 1]);
        a.gt(0).logical_not().ShouldBe([2, 2], [0, 1, 0, 0]);
    }

    [Fact]
    public void Numbers_that_are_none_are_told_apart()
    {
        var x = tensor(new[] { 1f, float.NaN, float.PositiveInfinity });
        x.isnan().ShouldBe([3], [0, 1, 0]);
        x.isfinite().ShouldBe([3], [1, 0, 0]);
        (x / x).ShouldBe([3], [1, double.NaN, double.NaN]);
        x.eq(x).ShouldBe([3], [1, 0, 1]);
        x.sum().ShouldBe(double.NaN);
    }

    [Fact]
    public void Allclose_allows_for_rounding()
    {
        var x = tensor(new[] { 1.0, 1000.0 });
        x.allclose(x * 1.000001).Should().BeTrue();
        x.allclose(x * 1.0001).Should().BeFalse();
        x.allclose(x * 1.0001, rtol: 1e-3).Should().BeTrue();
        allclose(x, x + 0.1, rtol: 0, atol: 0.2).Should().BeTrue();
        var nan = tensor(new[] { double.NaN });
        nan.allclose(nan).Should().BeFalse();
        nan.allclose(nan, equal_nan: true).Should().BeTrue();
    }

    [Fact]
    public void Tensors_are_equal_when_their_elements_are()
    {
        ones(2).Equals((object)ones(2)).Should().BeTrue();
        ones(2).Equals((object)zeros(2)).Should().BeFalse();
        ones(2).Equals((object)ones(1, 2)).Should().BeFalse();
        ones(2).Equals("ones").Should().BeFalse();
        ones(2).Equals((object?)null).Should().BeFalse();
    }

    [Fact]
    public void Sums_and_means_run_over_any_dimensions()
    {
        // x = pattern(2, 3, 4)
        var x = Pattern([2, 3, 4]);
        x.sum().ShouldBe(-0.75);
        x.sum(1).ShouldBe([2, 4], [-2, 0.5, 0.25, 0, 0.5, 0.25, 0, -0.25]);
        x.sum(-1, keepdim: true).ShouldBe([2, 3, 1], [0, 0.5, -1.75, 1.5, -0.75, -0.25]);
        x.sum([0, 2]).ShouldBe([3], [1.5, -0.25, -2]);
        x.sum([0, 2], keepdim: true).shape.Should().Equal(1, 3, 1);
        x.sum(1, type: float64).dtype.Should().Be(ScalarType.Float64);
        x.mean().ShouldBe(-0.03125);
        x.mean([0, 2]).ShouldBe([3], [0.1875, -0.03125, -0.25]);
        x.mean([1], keepdim: true).ShouldBe([2, 1, 4], [-0.6666667, 0.16666667, 0.083333336, 0, 0.16666667, 0.083333336, 0, -0.083333336]);
        x.mean([0], type: float64).dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Sums_of_whole_and_of_truth_values_are_int64()
    {
        ones(3, dtype: int32).sum().dtype.Should().Be(ScalarType.Int64);
        full([300], 2, uint8).sum().ShouldBe(600);
        tensor(new[] { true, false, true }).sum().ShouldBe(2);
        ones(3, dtype: int64).sum(float32).dtype.Should().Be(ScalarType.Float32);
        full([3], 100, uint8).cumsum(0).ShouldBe([3], [100, 200, 300]);
        full([3], 2, int64).cumsum(0, float64).dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Variances_divide_by_one_less_unless_told_otherwise()
    {
        // x = pattern(2, 3, 4)
        var x = Pattern([2, 3, 4]);
        x.var().ShouldBe(0.67561144);
        x.var([0, 2]).ShouldBe([3], [0.78125, 0.59709823, 0.73214287]);
        x.var([1], unbiased: false, keepdim: true).ShouldBe([2, 1, 4], [
            0.43055555, 0.43055555, 0.43055555, 1.0416666, 0.43055555, 0.43055555, 1.0416666, 0.43055555
        ]);
        x.std().ShouldBe(0.82195586);
        x.std(unbiased: false).ShouldBe(0.8046496);
        x.std([2]).ShouldBe([2, 3], [1.0992422, 0.72168785, 0.8984941, 0.72168785, 0.8984941, 0.8984941]);
        x.std([0, 1, 2], unbiased: false).ShouldBe(0.8046496);
    }

    [FactBeyondTorchSharp("divides the variance of all elements by one less even when told otherwise")]
    public void The_variance_of_all_elements_can_be_the_populations()
    {
        // x = pattern(2, 3, 4)
        Pattern([2, 3, 4]).var(unbiased: false).ShouldBe(0.64746094);
    }

    [Fact]
    public void Norms_are_sums_of_powers()
    {
        // x = pattern(2, 3)
        var x = Pattern([2, 3]);
        x.norm().ShouldBe(2.0615528);
        x.norm(1f).ShouldBe(4.5);
    }

    [Fact]
    public void Extremes_come_with_their_places()
    {
        // x = pattern(3, 4)
        var x = Pattern([3, 4]);
        x.max().ShouldBe(1.25);
        x.min().ShouldBe(-1.25);
        var (values, indexes) = x.max(1);
        values.ShouldBe([3], [1.25, 1, 0.75]);
        indexes.ShouldBe([3], [3, 2, 1]);
        indexes.dtype.Should().Be(ScalarType.Int64);
        (values, indexes) = x.min(0, keepdim: true);
        values.ShouldBe([1, 4], [-1.25, -0.75, -0.5, -1.25]);
        indexes.ShouldBe([1, 4], [0, 1, 0, 2]);
        x.argmax().ShouldBe(3);
        x.argmax(0).ShouldBe([4], [1, 2, 1, 0]);
        x.argmax(-1, keepdim: true).ShouldBe([3, 1], [3, 2, 1]);
    }

    [Fact]
    public void Topk_gives_the_largest_or_smallest_in_order()
    {
        // x = pattern(2, 6)
        var x = Pattern([2, 6]);
        var (values, indexes) = x.topk(3);
        values.ShouldBe([2, 3], [1.25, 0.5, 0.25, 1, 0.75, 0]);
        indexes.ShouldBe([2, 3], [3, 1, 4, 0, 3, 1]);
        (values, indexes) = x.topk(2, dim: 1, largest: false);
        values.ShouldBe([2, 2], [-1.25, -0.75, -1.25, -1]);
        indexes.ShouldBe([2, 2], [0, 5, 5, 2]);
        (values, indexes) = x.topk(1, dim: 0);
        values.ShouldBe([1, 6], [1, 0.5, -0.5, 1.25, 0.25, -0.75]);
        indexes.ShouldBe([1, 6], [1, 0, 0, 0, 0, 0]);
    }

    [Fact]
    public void Any_and_all_judge_truth_values()
    {
        tensor(new[] { false, true }).any().item<bool>().Should().BeTrue();
        tensor(new[] { false, true }).all().item<bool>().Should().BeFalse();
        tensor(new[] { true, true }).all().item<bool>().Should().BeTrue();
        tensor(new[] { false, false }).any().item<bool>().Should().BeFalse();
    }

    [Fact]
    public void Softmax_works_along_any_dimension()
    {
        // x = pattern(2, 3, 2)
        var x = Pattern([2, 3, 2]);
        x.softmax(1).ShouldBe([2, 3, 2], [
            0.13160165, 0.29381475, 0.2786007, 0.6220059, 0.5897977, 0.084179334, 0.70331395, 0.29381475, 0.095183186, 0.6220059,
            0.20150281, 0.084179334
        ]);
        x.log_softmax(0).ShouldBe([2, 3, 2], [
            -2.3502066, -0.474077, -0.474077, -0.474077, -0.474077, -0.474077, -0.100206584, -0.974077, -0.974077, -0.974077, -0.974077,
            -0.974077
        ]);
        nn.functional.softmax(x, 1).ShouldBe([2, 3, 2], [
            0.13160165, 0.29381475, 0.2786007, 0.6220059, 0.5897977, 0.084179334, 0.70331395, 0.29381475, 0.095183186, 0.6220059,
            0.20150281, 0.084179334
        ]);
        nn.functional.log_softmax(x, 0).ShouldBe([2, 3, 2], [
            -2.3502066, -0.474077, -0.474077, -0.474077, -0.474077, -0.474077, -0.100206584, -0.974077, -0.974077, -0.974077, -0.974077,
            -0.974077
        ]);
        x.softmax(1, float64).dtype.Should().Be(ScalarType.Float64);
        // Large values neither overflow nor vanish.
        tensor(new[] { 1000f, 1001f }).softmax(0).ShouldBe([2], [0.26894143, 0.7310586]);
    }

    [Fact]
    public void Matmul_follows_the_rules_for_vectors_matrices_and_batches()
    {
        // m, n, v, batch = pattern(2, 3), pattern(3, 2, start=4), pattern(3, start=2), pattern(2, 2, 3, start=1)
        Tensor m = Pattern([2, 3]), n = Pattern([3, 2], 4), v = Pattern([3], 2), batch = Pattern([2, 2, 3], 1);
        m.matmul(n).ShouldBe([2, 2], [0.6875, 0.5625, 1.3125, -1.5]);
        m.mm(n).ShouldBe([2, 2], [0.6875, 0.5625, 1.3125, -1.5]);
        m.matmul(v).ShouldBe([2], [1.125, -0.5]);
        v.matmul(n).ShouldBe([2], [0.875, 0.5625]);
        v.matmul(v).ShouldBe(1.875);
        batch.matmul(n).ShouldBe([2, 2, 2], [-1.625, 0.5625, -1.6875, 0.5625, -1.75, 0.5625, -1.8125, 0.5625]);
        n.t().matmul(m.t()).ShouldBe([2, 2], [0.6875, 1.3125, 0.5625, -1.5]);
    }

    [Fact]
    public void One_hot_marks_the_class()
    {
        var classes = tensor(new[] { 2L, 0L });
        nn.functional.one_hot(classes, 3).ShouldBe([2, 3], [0, 0, 1, 1, 0, 0]);
        nn.functional.one_hot(classes).shape.Should().Equal(2, 3);
        nn.functional.one_hot(classes, 4).dtype.Should().Be(ScalarType.Int64);
    }
}
