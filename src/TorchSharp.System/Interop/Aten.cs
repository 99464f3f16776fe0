namespace TorchSharp.Interop;

/// <summary>The operators in use, by their names in libtorch's native_functions.yaml.</summary>
internal static class Aten
{
    // factories
    internal static readonly Op empty = new("aten::empty", "memory_format");
    internal static readonly Op zeros = new("aten::zeros");
    internal static readonly Op ones = new("aten::ones");
    internal static readonly Op full = new("aten::full");
    internal static readonly Op zeros_like = new("aten::zeros_like");
    internal static readonly Op ones_like = new("aten::ones_like");
    internal static readonly Op empty_like = new("aten::empty_like");
    internal static readonly Op arange = new("aten::arange");
    internal static readonly Op arange_start = new("aten::arange", "start");
    internal static readonly Op linspace = new("aten::linspace");
    internal static readonly Op eye_m = new("aten::eye", "m");
    internal static readonly Op rand_generator = new("aten::rand", "generator");
    internal static readonly Op randn_generator = new("aten::randn", "generator");
    internal static readonly Op randint_low_generator = new("aten::randint", "low_generator");
    internal static readonly Op randperm_generator = new("aten::randperm", "generator");

    // views, copies and types
    internal static readonly Op alias = new("aten::alias");
    internal static readonly Op as_strided = new("aten::as_strided");
    internal static readonly Op chunk = new("aten::chunk");
    internal static readonly Op clone = new("aten::clone");
    internal static readonly Op contiguous = new("aten::contiguous");
    internal static readonly Op copy_ = new("aten::copy_");
    internal static readonly Op detach = new("aten::detach");
    internal static readonly Op expand = new("aten::expand");
    internal static readonly Op flatten = new("aten::flatten", "using_ints");
    internal static readonly Op flip = new("aten::flip");
    internal static readonly Op index = new("aten::index", "Tensor");
    internal static readonly Op index_put_ = new("aten::index_put_");
    internal static readonly Op index_select = new("aten::index_select");
    internal static readonly Op gather = new("aten::gather");
    internal static readonly Op masked_fill = new("aten::masked_fill", "Scalar");
    internal static readonly Op narrow = new("aten::narrow");
    internal static readonly Op permute = new("aten::permute");
    internal static readonly Op pin_memory = new("aten::pin_memory");
    internal static readonly Op repeat = new("aten::repeat");
    internal static readonly Op reshape = new("aten::reshape");
    internal static readonly Op select = new("aten::select", "int");
    internal static readonly Op set_ = new("aten::set_", "source_Tensor");
    internal static readonly Op slice = new("aten::slice", "Tensor");
    internal static readonly Op split = new("aten::split", "Tensor");
    internal static readonly Op squeeze = new("aten::squeeze");
    internal static readonly Op squeeze_dim = new("aten::squeeze", "dim");
    internal static readonly Op t = new("aten::t");
    internal static readonly Op to_device = new("aten::to", "device");
    internal static readonly Op to_dtype = new("aten::to", "dtype");
    internal static readonly Op transpose = new("aten::transpose", "int");
    internal static readonly Op unbind = new("aten::unbind", "int");
    internal static readonly Op unsqueeze = new("aten::unsqueeze");
    internal static readonly Op view = new("aten::view");
    internal static readonly Op cat = new("aten::cat");
    internal static readonly Op stack = new("aten::stack");
    internal static readonly Op where_self = new("aten::where", "self");

    // arithmetic
    internal static readonly Op abs = new("aten::abs");
    internal static readonly Op add = new("aten::add", "Tensor");
    internal static readonly Op add_scalar = new("aten::add", "Scalar");
    internal static readonly Op add_ = new("aten::add_", "Tensor");
    internal static readonly Op add_scalar_ = new("aten::add_", "Scalar");
    internal static readonly Op addcdiv_ = new("aten::addcdiv_");
    internal static readonly Op addcmul_ = new("aten::addcmul_");
    internal static readonly Op clamp = new("aten::clamp");
    internal static readonly Op clamp_ = new("aten::clamp_");
    internal static readonly Op div = new("aten::div", "Tensor_mode");
    internal static readonly Op div_scalar = new("aten::div", "Scalar_mode");
    internal static readonly Op div_ = new("aten::div_", "Tensor_mode");
    internal static readonly Op div_scalar_ = new("aten::div_", "Scalar_mode");
    internal static readonly Op exp = new("aten::exp");
    internal static readonly Op fill_ = new("aten::fill_", "Scalar");
    internal static readonly Op lerp_ = new("aten::lerp_", "Tensor");
    internal static readonly Op log = new("aten::log");
    internal static readonly Op maximum = new("aten::maximum");
    internal static readonly Op minimum = new("aten::minimum");
    internal static readonly Op mul = new("aten::mul", "Tensor");
    internal static readonly Op mul_scalar = new("aten::mul", "Scalar");
    internal static readonly Op mul_ = new("aten::mul_", "Tensor");
    internal static readonly Op mul_scalar_ = new("aten::mul_", "Scalar");
    internal static readonly Op neg = new("aten::neg");
    internal static readonly Op pow = new("aten::pow", "Tensor_Scalar");
    internal static readonly Op rsqrt = new("aten::rsqrt");
    internal static readonly Op rsub_scalar = new("aten::rsub", "Scalar");
    internal static readonly Op reciprocal = new("aten::reciprocal");
    internal static readonly Op sqrt = new("aten::sqrt");
    internal static readonly Op sqrt_ = new("aten::sqrt_");
    internal static readonly Op square = new("aten::square");
    internal static readonly Op sub = new("aten::sub", "Tensor");
    internal static readonly Op sub_scalar = new("aten::sub", "Scalar");
    internal static readonly Op sub_ = new("aten::sub_", "Tensor");
    internal static readonly Op sub_scalar_ = new("aten::sub_", "Scalar");
    internal static readonly Op zero_ = new("aten::zero_");
    internal static readonly Op matmul = new("aten::matmul");
    internal static readonly Op mm = new("aten::mm");

    // comparisons
    internal static readonly Op allclose = new("aten::allclose");
    internal static readonly Op eq = new("aten::eq", "Tensor");
    internal static readonly Op equal = new("aten::equal");
    internal static readonly Op eq_scalar = new("aten::eq", "Scalar");
    internal static readonly Op ge = new("aten::ge", "Tensor");
    internal static readonly Op ge_scalar = new("aten::ge", "Scalar");
    internal static readonly Op gt = new("aten::gt", "Tensor");
    internal static readonly Op gt_scalar = new("aten::gt", "Scalar");
    internal static readonly Op isfinite = new("aten::isfinite");
    internal static readonly Op isnan = new("aten::isnan");
    internal static readonly Op le = new("aten::le", "Tensor");
    internal static readonly Op le_scalar = new("aten::le", "Scalar");
    internal static readonly Op logical_and = new("aten::logical_and");
    internal static readonly Op logical_not = new("aten::logical_not");
    internal static readonly Op lt = new("aten::lt", "Tensor");
    internal static readonly Op lt_scalar = new("aten::lt", "Scalar");
    internal static readonly Op ne = new("aten::ne", "Tensor");
    internal static readonly Op ne_scalar = new("aten::ne", "Scalar");

    // reductions
    internal static readonly Op all = new("aten::all");
    internal static readonly Op any = new("aten::any");
    internal static readonly Op argmax = new("aten::argmax");
    internal static readonly Op cumsum = new("aten::cumsum");
    internal static readonly Op max = new("aten::max");
    internal static readonly Op max_dim = new("aten::max", "dim");
    internal static readonly Op mean = new("aten::mean");
    internal static readonly Op mean_dim = new("aten::mean", "dim");
    internal static readonly Op min = new("aten::min");
    internal static readonly Op min_dim = new("aten::min", "dim");
    internal static readonly Op norm = new("aten::norm", "Scalar");
    internal static readonly Op std = new("aten::std");
    internal static readonly Op std_dim = new("aten::std", "dim");
    internal static readonly Op sum = new("aten::sum");
    internal static readonly Op sum_dim = new("aten::sum", "dim_IntList");
    internal static readonly Op topk = new("aten::topk");
    internal static readonly Op var = new("aten::var");
    internal static readonly Op var_dim = new("aten::var", "dim");
    internal static readonly Op item = new("aten::item");

    // random numbers in place
    internal static readonly Op bernoulli_ = new("aten::bernoulli_", "float");
    internal static readonly Op normal_ = new("aten::normal_");
    internal static readonly Op uniform_ = new("aten::uniform_");

    // networks
    internal static readonly Op adaptive_avg_pool2d = new("aten::adaptive_avg_pool2d");
    internal static readonly Op avg_pool2d = new("aten::avg_pool2d");
    internal static readonly Op batch_norm = new("aten::batch_norm");
    internal static readonly Op constant_pad_nd = new("aten::constant_pad_nd");
    internal static readonly Op conv2d = new("aten::conv2d");
    internal static readonly Op cross_entropy_loss = new("aten::cross_entropy_loss");
    internal static readonly Op dropout = new("aten::dropout");
    internal static readonly Op dropout_ = new("aten::dropout_");
    internal static readonly Op group_norm = new("aten::group_norm");
    internal static readonly Op linear = new("aten::linear");
    internal static readonly Op log_softmax = new("aten::log_softmax", "int");
    internal static readonly Op max_pool2d = new("aten::max_pool2d");
    internal static readonly Op one_hot = new("aten::one_hot");
    internal static readonly Op relu = new("aten::relu");
    internal static readonly Op relu_ = new("aten::relu_");
    internal static readonly Op sigmoid = new("aten::sigmoid");
    internal static readonly Op softmax = new("aten::softmax", "int");
    internal static readonly Op upsample_bilinear2d = new("aten::upsample_bilinear2d");
}
