using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>How tensors come about, what they say of themselves, and how their elements are read and written.</summary>
public class TensorCreationTests
{
    [Fact]
    public void Zeros_and_ones_are_float32_unless_something_else_is_asked_for()
    {
        zeros(2, 3).ShouldBe([2, 3], [0, 0, 0, 0, 0, 0]);
        zeros(2, 3).dtype.Should().Be(ScalarType.Float32);
        ones(3).ShouldBe([3], [1, 1, 1]);
        ones([1, 2, 1], dtype: int64).dtype.Should().Be(ScalarType.Int64);
        zeros(1, 2, 1, 2, @bool).dtype.Should().Be(ScalarType.Bool);
        empty([4, 5], float64).dtype.Should().Be(ScalarType.Float64);
        empty([4, 5]).shape.Should().Equal(4, 5);
    }

    [Fact]
    public void Full_takes_the_type_of_its_value()
    {
        full([2, 2], 7).ShouldBe([2, 2], [7, 7, 7, 7]);
        full([2, 2], 7).dtype.Should().Be(ScalarType.Int64);
        full([1], 0.25).dtype.Should().Be(ScalarType.Float32);
        full([1], 0.25, float64).dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Ranges_of_whole_numbers_are_int64_and_others_float32()
    {
        arange(5).ShouldBe([5], [0, 1, 2, 3, 4]);
        arange(5).dtype.Should().Be(ScalarType.Int64);
        arange(2, 6).ShouldBe([4], [2, 3, 4, 5]);
        // torch.arange(0.5, 3.0)
        arange(0.5, 3.0).ShouldBe([3], [0.5, 1.5, 2.5]);
        arange(0.5, 3.0).dtype.Should().Be(ScalarType.Float32);
        arange(4, float64).dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Linspace_includes_both_ends()
    {
        linspace(-1, 1, 5).ShouldBe([5], [-1, -0.5, 0, 0.5, 1]);
        linspace(0, 1, 7).ShouldBe([7], [0, 0.16666667, 0.33333334, 0.5, 0.6666666, 0.8333333, 1]);
    }

    [Fact]
    public void Eye_may_be_oblong()
    {
        eye(2).ShouldBe([2, 2], [1, 0, 0, 1]);
        eye(2, 3).ShouldBe([2, 3], [1, 0, 0, 0, 1, 0]);
    }

    [Fact]
    public void Tensors_like_another_take_over_its_shape_type_and_order_of_dimensions()
    {
        var model = zeros([2, 3, 4], float64).permute(0, 2, 1);
        zeros_like(model).ShouldBe([2, 4, 3], new double[24]);
        ones_like(model).dtype.Should().Be(ScalarType.Float64);
        ones_like(model, int32).dtype.Should().Be(ScalarType.Int32);
        // torch.empty_like(torch.zeros(2, 3, 4).permute(0, 2, 1)).stride()
        empty_like(model).stride().Should().Equal(12, 1, 4);
    }

    [Fact]
    public void An_arrays_element_type_becomes_the_tensors()
    {
        tensor(new[] { 1f, 2f }).dtype.Should().Be(ScalarType.Float32);
        tensor(new[] { 1.0, 2.0 }).dtype.Should().Be(ScalarType.Float64);
        tensor(new[] { 1, 2 }).dtype.Should().Be(ScalarType.Int32);
        tensor(new[] { 1L, 2L }).dtype.Should().Be(ScalarType.Int64);
        tensor(new byte[] { 1, 2 }).dtype.Should().Be(ScalarType.Byte);
        tensor(new[] { true, false }).dtype.Should().Be(ScalarType.Bool);
        tensor(new[] { 1f, 2f }, dtype: float64).dtype.Should().Be(ScalarType.Float64);
        tensor(new[] { 1.9, -1.9 }, dtype: int64).ShouldBe([2], [1, -1]);
    }

    [Fact]
    public void A_number_becomes_a_tensor_without_dimensions()
    {
        tensor(1.5f).ShouldBe(1.5);
        tensor(1.5f).dtype.Should().Be(ScalarType.Float32);
        tensor(1.5).dtype.Should().Be(ScalarType.Float64);
        tensor(3).dtype.Should().Be(ScalarType.Int32);
        tensor(3L).dtype.Should().Be(ScalarType.Int64);
        tensor(3L, float32).dtype.Should().Be(ScalarType.Float32);
        tensor(3L).ndim.Should().Be(0);
        tensor(3L).numel().Should().Be(1);
    }

    [Fact]
    public void An_array_fills_a_shape_row_by_row()
    {
        var t = tensor(new[] { 1f, 2f, 3f, 4f, 5f, 6f }, [2, 3]);
        t[1, 0].item<float>().Should().Be(4);
        tensor(new[,] { { 1f, 2f, 3f }, { 4f, 5f, 6f } }).ShouldBe([2, 3], [1, 2, 3, 4, 5, 6]);
        tensor(new[] { 1L, 2L }, [2, 1]).ShouldBe([2, 1], [1, 2]);
        tensor(new byte[] { 1, 255 }, [1, 2]).ShouldBe([1, 2], [1, 255]);
    }

    [Fact]
    public void An_array_that_is_too_short_for_the_shape_is_refused()
    {
        var act = () => tensor(new[] { 1f, 2f, 3f }, [2, 2]);
        act.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_tensor_does_not_follow_the_array_it_was_made_of()
    {
        var array = new[] { 1f, 2f };
        var t = tensor(array);
        array[0] = 99;
        t.ShouldBe([2], [1, 2]);
    }

    [Fact]
    public void Requires_grad_can_be_asked_for_at_once()
    {
        zeros(2, requires_grad: true).requires_grad.Should().BeTrue();
        tensor(new[] { 1f }, requires_grad: true).requires_grad.Should().BeTrue();
        rand([2], requires_grad: true).is_leaf.Should().BeTrue();
        zeros(2).requires_grad.Should().BeFalse();
    }

    [Fact]
    public void A_tensor_knows_its_shape_strides_and_place()
    {
        // x = torch.zeros(2, 3, 4)
        var x = zeros([2, 3, 4]);
        x.ndim.Should().Be(3);
        x.dim().Should().Be(3);
        x.Dimensions.Should().Be(3);
        x.numel().Should().Be(24);
        x.NumberOfElements.Should().Be(24);
        x.shape.Should().Equal(2, 3, 4);
        x.size().Should().Equal(2, 3, 4);
        x.size(1).Should().Be(3);
        x.size(-1).Should().Be(4);
        x.stride().Should().Equal(12, 4, 1);
        x.stride(0).Should().Be(12);
        x.stride(-2).Should().Be(4);
        x.storage_offset().Should().Be(0);
        x[1].storage_offset().Should().Be(12);
        x.is_contiguous().Should().BeTrue();
        x.device_type.Should().Be(DeviceType.CPU);
        x.device.ToString().Should().Be("cpu");
        x.is_cuda.Should().BeFalse();
        x.is_cpu().Should().BeTrue();
        x.is_floating_point().Should().BeTrue();
        x.is_integral().Should().BeFalse();
    }

    [Fact]
    public void Permuting_changes_strides_and_contiguity_but_nothing_in_memory()
    {
        // y = torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1)
        var y = arange(24).reshape(2, 3, 4).permute(2, 0, 1);
        y.stride().Should().Equal(1, 12, 4);
        y.is_contiguous().Should().BeFalse();
        y.ShouldBe([4, 2, 3], [0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23]);
        y.contiguous().stride().Should().Equal(6, 3, 1);
        y.contiguous().ShouldBe([4, 2, 3], [0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23]);
    }

    public static TheoryData<ScalarType, int> Sizes => new()
    {
        { ScalarType.Byte, 1 }, { ScalarType.Int8, 1 }, { ScalarType.Bool, 1 },
        { ScalarType.Int16, 2 }, { ScalarType.Float16, 2 }, { ScalarType.BFloat16, 2 },
        { ScalarType.Int32, 4 }, { ScalarType.Float32, 4 },
        { ScalarType.Int64, 8 }, { ScalarType.Float64, 8 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_element_type_has_its_size(ScalarType type, int size)
    {
        var t = zeros([3], type);
        t.dtype.Should().Be(type);
        t.ElementSize.Should().Be(size);
        t.element_size().Should().Be(size);
        type.ElementSize().Should().Be(size);
    }

    [Fact]
    public void Data_reads_each_element_type_as_its_counterpart()
    {
        zeros(2, dtype: float32).data<float>().ToArray().Should().Equal(0f, 0f);
        ones(2, dtype: float64).data<double>().ToArray().Should().Equal(1.0, 1.0);
        ones(2, dtype: uint8).data<byte>().ToArray().Should().Equal(1, 1);
        ones(2, dtype: int8).data<sbyte>().ToArray().Should().Equal(1, 1);
        ones(2, dtype: int16).data<short>().ToArray().Should().Equal(1, 1);
        ones(2, dtype: int32).data<int>().ToArray().Should().Equal(1, 1);
        ones(2, dtype: int64).data<long>().ToArray().Should().Equal(1L, 1L);
        ones(2, dtype: @bool).data<bool>().ToArray().Should().Equal(true, true);
        ones(2, dtype: float16).data<Half>().ToArray().Should().Equal((Half)1, (Half)1);
    }

    [Fact]
    public void Data_in_another_type_than_the_tensors_is_refused()
    {
        var act = () => { _ = zeros(2).data<double>(); };
        act.Should().Throw<ArgumentException>().WithMessage("*Double*Float32*");
        act = () => { _ = zeros(2, dtype: int64).data<int>(); };
        act.Should().Throw<ArgumentException>();
        act = () => { _ = zeros(2, dtype: @bool).data<byte>(); };
        act.Should().Throw<ArgumentException>();
        act = () => { _ = zeros(2, dtype: bfloat16).data<Half>(); };
        act.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Data_comes_in_row_major_order_whatever_the_strides()
    {
        // x = torch.arange(6.).reshape(2, 3).t()
        var data = arange(6, float32).reshape(2, 3).t().data<float>();
        data.Count.Should().Be(6);
        data.ToArray().Should().Equal(0, 3, 1, 4, 2, 5);
        data.Should().Equal(0, 3, 1, 4, 2, 5);
        data[2].Should().Be(1);
        data[2, 1].Should().Be(5);
        var part = new float[4];
        data.CopyTo(part);
        part.Should().Equal(0, 3, 1, 4);
        data.CopyTo(part, 2);
        part.Should().Equal(0, 3, 0, 3);
    }

    [Fact]
    public void Data_of_a_contiguous_tensor_can_be_read_from_the_middle()
    {
        var part = new float[2];
        arange(6, float32).reshape(2, 3).data<float>().CopyTo(part, tensorIndex: 3);
        part.Should().Equal(3, 4);
    }

    [Fact]
    public void Data_writes_through_to_the_tensor()
    {
        var x = zeros(2, 3);
        var data = x.t().data<float>();
        data[2, 1] = 5;
        x[1, 2].item<float>().Should().Be(5);
        data.CopyFrom([1, 2, 3, 4, 5, 6]);
        // torch.arange(1., 7.).reshape(3, 2).t()
        x.ShouldBe([2, 3], [1, 3, 5, 2, 4, 6]);
    }

    [Fact]
    public void Data_beyond_the_end_is_refused()
    {
        var data = zeros(2, 3).data<float>();
        data.Invoking(d => d[6]).Should().Throw<IndexOutOfRangeException>();
        data.Invoking(d => d[0, 3]).Should().Throw<IndexOutOfRangeException>();
        data.Invoking(d => d[2, 0]).Should().Throw<IndexOutOfRangeException>();
    }

    [Fact]
    public void A_tensor_without_elements_has_no_data()
    {
        zeros(0).data<float>().ToArray().Should().BeEmpty();
        zeros(0).data<float>().Count.Should().Be(0);
        zeros(0, 3).numel().Should().Be(0);
        zeros(0, 3).shape.Should().Equal(0, 3);
    }

    [Fact]
    public void Item_gives_the_only_element()
    {
        tensor(2.5f).item<float>().Should().Be(2.5f);
        tensor(new[] { 7L }, [1, 1]).item<long>().Should().Be(7);
        ones(1, dtype: @bool).item<bool>().Should().BeTrue();
        arange(6)[4].item<long>().Should().Be(4);
    }

    [Fact]
    public void Item_of_several_elements_or_of_another_type_is_refused()
    {
        var act = () => { _ = zeros(2).item<float>(); };
        act.Should().Throw<ArgumentException>();
        act = () => { _ = zeros(0).item<float>(); };
        act.Should().Throw<ArgumentException>();
        act = () => { _ = zeros(1).item<double>(); };
        act.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_single_element_converts_to_numbers()
    {
        tensor(2.75).ToSingle().Should().Be(2.75f);
        tensor(2.75f).ToDouble().Should().Be(2.75);
        tensor(7L).ToInt32().Should().Be(7);
        tensor(7).ToInt64().Should().Be(7);
        tensor(new[] { true }).ToBoolean().Should().BeTrue();
        ((float)tensor(0.5)).Should().Be(0.5f);
        ((double)tensor(0.5f)).Should().Be(0.5);
        ((long)tensor(9)).Should().Be(9);
        ((int)tensor(9L)).Should().Be(9);
        tensor(1.5).ToScalar().ToDouble().Should().Be(1.5);
        tensor(5L).ToScalar().Type.Should().Be(ScalarType.Int64);
        tensor(5f).ToScalar().Type.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Only_a_single_element_converts_to_a_number()
    {
        // torch.ops.aten.item(torch.zeros(2)), torch.ops.aten.item(torch.zeros(0))
        LibtorchError(() => zeros(2).ToScalar()).Should().Be("a Tensor with 2 elements cannot be converted to Scalar");
        LibtorchError(() => zeros(2).ToSingle()).Should().Be("a Tensor with 2 elements cannot be converted to Scalar");
        LibtorchError(() => zeros(0).ToScalar()).Should().Be("a Tensor with 0 elements cannot be converted to Scalar");
    }

    [Fact]
    public void Bytes_are_the_tensors_own_memory()
    {
        var t = tensor(new[] { 1, 256, -1 });
        t.bytes.ToArray().Should().Equal(1, 0, 0, 0, 0, 1, 0, 0, 255, 255, 255, 255);
        t.bytes[0] = 2;
        t.ShouldBe([3], [2, 256, -1]);
        t.bytes = new byte[] { 0, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 128 };
        t.ShouldBe([3], [65536, 5, int.MinValue]);
    }

    [Fact]
    public void Bytes_of_a_row_start_at_the_row()
    {
        arange(6, uint8).reshape(2, 3)[1].bytes.ToArray().Should().Equal(3, 4, 5);
        arange(6, uint8).narrow(0, 2, 2).bytes.ToArray().Should().Equal(2, 3);
    }

    [Fact]
    public void Bytes_are_refused_where_they_are_not_in_a_row_or_do_not_fit()
    {
        var act = () => { _ = zeros(2, 3).t().bytes.Length; };
        act.Should().Throw<InvalidOperationException>();
        act = () => zeros(2, 3).t().bytes = new byte[24];
        act.Should().Throw<InvalidOperationException>();
        act = () => zeros(2).bytes = new byte[7];
        act.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Conversions_round_as_in_PyTorch()
    {
        // x = torch.tensor([-2.7, -0.2, 0.1, 1.5, 300.])
        var x = tensor(new[] { -2.7f, -0.2f, 0.1f, 1.5f, 300f });
        x.to(int64).ShouldBe([5], [-2, 0, 0, 1, 300]);
        x.to(int32).ShouldBe([5], [-2, 0, 0, 1, 300]);
        x.to(@bool).ShouldBe([5], [1, 1, 1, 1, 1]);
        x.to(float16).ShouldBe([5], [-2.6992188, -0.19995117, 0.099975586, 1.5, 300]);
        x.to(bfloat16).ShouldBe([5], [-2.703125, -0.20019531, 0.100097656, 1.5, 300]);
        x.to(float64).ShouldBe([5], [-2.700000047684, -0.2000000029802, 0.1000000014901, 1.5, 300], 1e-12);
        x.@long().dtype.Should().Be(ScalarType.Int64);
        x.@double().dtype.Should().Be(ScalarType.Float64);
        x.half().dtype.Should().Be(ScalarType.Float16);
        x.bfloat16().dtype.Should().Be(ScalarType.BFloat16);
        x.@double().@float().dtype.Should().Be(ScalarType.Float32);
        tensor(new[] { 3L, 255L }).@byte().ShouldBe([2], [3, 255]);
        x.to(zeros(1, dtype: float64)).dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Converting_to_what_a_tensor_is_already_copies_only_on_demand()
    {
        var x = zeros(2);
        var same = x.to(float32);
        same.Should().NotBeSameAs(x);
        same.fill_(1);
        x.ShouldBe([2], [1, 1]);
        x.to(CPU).fill_(2);
        x.to("cpu").ShouldBe([2], [2, 2]);
        x.cpu().ShouldBe([2], [2, 2]);
        x.to(float32, copy: true).fill_(3);
        x.to(CPU, copy: true).fill_(3);
        x.to(float32, CPU, copy: true).fill_(3);
        x.ShouldBe([2], [2, 2]);
    }

    [Fact]
    public void Converting_may_dispose_of_the_original()
    {
        var x = ones(2);
        var y = x.to(float64, disposeAfter: true);
        x.IsInvalid.Should().BeTrue();
        y.ShouldBe([2], [1, 1]);
        var z = y.to(float64, disposeAfter: true);
        y.IsInvalid.Should().BeTrue();
        z.ShouldBe([2], [1, 1]);
    }

    [Fact]
    public void Copying_into_a_tensor_converts_and_broadcasts()
    {
        var target = zeros([2, 3], int64);
        target.copy_(tensor(new[] { 1.5f, -2.5f, 3.9f })).Should().BeSameAs(target);
        target.ShouldBe([2, 3], [1, -2, 3, 1, -2, 3]);
    }

    [Fact]
    public void A_clone_has_memory_of_its_own_and_keeps_the_strides()
    {
        var x = zeros(2, 3).t();
        var y = x.clone();
        y.fill_(1);
        x.ShouldBe([3, 2], new double[6]);
        y.stride().Should().Equal(x.stride());
    }

    [Fact]
    public void Set_makes_a_tensor_another_ones_view()
    {
        var x = zeros(2);
        var y = arange(6, float32);
        x.set_(y).Should().BeSameAs(x);
        x.ShouldBe([6], [0, 1, 2, 3, 4, 5]);
        y.fill_(7);
        x[0].item<float>().Should().Be(7);
    }

    [Fact]
    public void A_tensor_shows_its_shape_type_and_device()
    {
        zeros(2, 3).ToString().Should().Be("[2x3], type = Float32, device = cpu");
        tensor(1L).ToString().Should().Be("[], type = Int64, device = cpu");
    }

    [Fact]
    public void A_tensor_has_a_name_for_people()
    {
        var x = zeros(1);
        x.name.Should().BeNull();
        x.name = "logits";
        x.name.Should().Be("logits");
    }
}
