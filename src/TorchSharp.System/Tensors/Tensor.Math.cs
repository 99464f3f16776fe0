using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>How a quotient is rounded.</summary>
    public enum RoundingMode
    {
        None = 0,
        trunc = 1,
        floor = 2,
    }

    public partial class Tensor
    {
        public Tensor add(Tensor target) => Aten.add.Call(this, target);
        public Tensor add(Tensor target, Scalar alpha) => Aten.add.Call(this, target, alpha);
        public Tensor add(Scalar scalar) => Aten.add_scalar.Call(this, scalar);
        public Tensor add_(Tensor target) => Aten.add_.InPlace(this, target);
        public Tensor add_(Tensor target, Scalar alpha) => Aten.add_.InPlace(this, target, alpha);
        public Tensor add_(Scalar scalar) => Aten.add_scalar_.InPlace(this, scalar);

        public Tensor sub(Tensor target) => Aten.sub.Call(this, target);
        public Tensor sub(Scalar target) => Aten.sub_scalar.Call(this, target);
        public Tensor sub_(Tensor target) => Aten.sub_.InPlace(this, target);
        public Tensor sub_(Scalar target) => Aten.sub_scalar_.InPlace(this, target);

        public Tensor mul(Tensor target) => Aten.mul.Call(this, target);
        public Tensor mul(Scalar target) => Aten.mul_scalar.Call(this, target);
        public Tensor mul_(Tensor target) => Aten.mul_.InPlace(this, target);
        public Tensor mul_(Scalar target) => Aten.mul_scalar_.InPlace(this, target);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Aten.div.Call(this, target, Mode(rounding_mode));
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Aten.div_scalar.Call(this, target, Mode(rounding_mode));
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Aten.div_.InPlace(this, target, Mode(rounding_mode));
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Aten.div_scalar_.InPlace(this, target, Mode(rounding_mode));

        public Tensor abs() => Aten.abs.Call(this);
        public Tensor neg() => Aten.neg.Call(this);
        public Tensor exp() => Aten.exp.Call(this);
        public Tensor log() => Aten.log.Call(this);
        public Tensor sqrt() => Aten.sqrt.Call(this);
        public Tensor sqrt_() => Aten.sqrt_.InPlace(this);
        public Tensor rsqrt() => Aten.rsqrt.Call(this);
        public Tensor square() => Aten.square.Call(this);
        public Tensor pow(Scalar exponent) => Aten.pow.Call(this, exponent);
        public Tensor maximum(Tensor other) => Aten.maximum.Call(this, other);
        public Tensor minimum(Tensor other) => Aten.minimum.Call(this, other);
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Aten.clamp.Call(this, min, max);
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Aten.clamp_.InPlace(this, min, max);
        public Tensor lerp_(Tensor end, Tensor weight) => Aten.lerp_.InPlace(this, end, weight);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcmul_.InPlace(this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcdiv_.InPlace(this, tensor1, tensor2, value);
        public Tensor matmul(Tensor target) => Aten.matmul.Call(this, target);
        public Tensor mm(Tensor target) => Aten.mm.Call(this, target);

        public Tensor fill_(Scalar value) => Aten.fill_.InPlace(this, value);
        public Tensor zero_() => Aten.zero_.InPlace(this);
        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null) => Aten.normal_.InPlace(this, mean, std, generator);
        public Tensor uniform_(double from, double to, Generator? generator = null) => Aten.uniform_.InPlace(this, from, to, generator);
        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => Aten.bernoulli_.InPlace(this, p, generator);

        public Tensor relu() => Aten.relu.Call(this);
        public Tensor relu_() => Aten.relu_.InPlace(this);
        public Tensor sigmoid() => Aten.sigmoid.Call(this);
        public Tensor softmax(long dim, ScalarType? dtype = null) => Aten.softmax.Call(this, dim, dtype);
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Aten.log_softmax.Call(this, dim, dtype);

        public Tensor eq(Tensor target) => Aten.eq.Call(this, target);
        public Tensor eq(Scalar target) => Aten.eq_scalar.Call(this, target);
        public Tensor ne(Tensor target) => Aten.ne.Call(this, target);
        public Tensor ne(Scalar target) => Aten.ne_scalar.Call(this, target);
        public Tensor lt(Tensor target) => Aten.lt.Call(this, target);
        public Tensor lt(Scalar target) => Aten.lt_scalar.Call(this, target);
        public Tensor le(Tensor target) => Aten.le.Call(this, target);
        public Tensor le(Scalar target) => Aten.le_scalar.Call(this, target);
        public Tensor gt(Tensor target) => Aten.gt.Call(this, target);
        public Tensor gt(Scalar target) => Aten.gt_scalar.Call(this, target);
        public Tensor ge(Tensor target) => Aten.ge.Call(this, target);
        public Tensor ge(Scalar target) => Aten.ge_scalar.Call(this, target);
        public Tensor isfinite() => Aten.isfinite.Call(this);
        public Tensor isnan() => Aten.isnan.Call(this);
        public Tensor logical_and(Tensor other) => Aten.logical_and.Call(this, other);
        public Tensor logical_not() => Aten.logical_not.Call(this);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Aten.allclose.CallValue(this, target, rtol, atol, equal_nan).Bits != 0;

        public Tensor sum(ScalarType? type = null) => Aten.sum.Call(this, type);
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => Aten.sum_dim.Call(this, new[] { dim }, keepdim, type);
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Aten.sum_dim.Call(this, dim, keepdim, type);
        public Tensor mean() => Aten.mean.Call(this);
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => Aten.mean_dim.Call(this, dimensions, keepdim, type);
        public Tensor var(bool unbiased = true) => Aten.var.Call(this, unbiased);
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => Typed(Aten.var_dim.Call(this, dimensions, unbiased, keepdim), type);
        public Tensor std(bool unbiased = true) => Aten.std.Call(this, unbiased);
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => Typed(Aten.std_dim.Call(this, dimensions, unbiased, keepdim), type);
        public Tensor norm(float p = 2.0f) => Aten.norm.Call(this, (Scalar)p);
        public Tensor max() => Aten.max.Call(this);
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Aten.max_dim.CallPair(this, dim, keepdim);
        public Tensor min() => Aten.min.Call(this);
        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Aten.min_dim.CallPair(this, dim, keepdim);
        public Tensor argmax() => Aten.argmax.Call(this);
        public Tensor argmax(long dim, bool keepdim = false) => Aten.argmax.Call(this, dim, keepdim);
        public Tensor any() => Aten.any.Call(this);
        public Tensor all() => Aten.all.Call(this);
        public Tensor cumsum(long dim, ScalarType? type = null) => Aten.cumsum.Call(this, dim, type);
        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => Aten.topk.CallPair(this, k, dim, largest, sorted);

        private static string? Mode(RoundingMode mode) => mode == RoundingMode.None ? null : mode.ToString();

        private static Tensor Typed(Tensor tensor, ScalarType? type) => type.HasValue ? tensor.to(type.Value, disposeAfter: true) : tensor;
    }
}
