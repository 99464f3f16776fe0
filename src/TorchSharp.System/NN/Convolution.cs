using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp
{
    /// <summary>What stands beyond an image's border.</summary>
    public enum PaddingModes
    {
        Zeros = 0,
        Reflect = 1,
        Replicate = 2,
        Circular = 3,
        Constant = 4,
    }

    namespace Modules
    {
        /// <summary>What convolutions have in common.</summary>
        public abstract class Convolution : nn.Module<Tensor, Tensor>
        {
            [ComponentName(Name = nameof(bias))] protected Parameter? _bias;
            [ComponentName(Name = nameof(weight))] protected Parameter? _weight;

            private protected Convolution(
                string name, long in_channels, long out_channels, long[] kernel_size, long[] stride, long[] padding, long[] dilation,
                long groups, bool bias, PaddingModes padding_mode, Device? device, ScalarType? dtype) : base(name)
            {
                if (padding_mode != PaddingModes.Zeros) throw new NotSupportedException("TorchSharp.System pads convolutions with zeros only.");
                (this.in_channels, this.out_channels, this.groups, this.padding_mode) = (in_channels, out_channels, groups, padding_mode);
                (this.kernel_size, this.stride, this.padding, this.dilation) = (kernel_size, stride, padding, dilation);
                weight = nn.Parameter(empty([out_channels, in_channels / groups, .. kernel_size], dtype, device));
                if (bias) this.bias = nn.Parameter(empty(out_channels, dtype, device));
                reset_parameters();
            }

            public long in_channels { get; private set; }
            public long out_channels { get; private set; }
            public long[] kernel_size { get; set; }
            public long[] stride { get; set; }
            public long[]? padding { get; private set; }
            public long[] dilation { get; set; }
            public long groups { get; set; }
            public PaddingModes padding_mode { get; set; }

            public Parameter? bias
            {
                get => _bias;
                set => Take(nameof(bias), ref _bias, value);
            }

            public Parameter weight
            {
                get => _weight!;
                set
                {
                    ArgumentNullException.ThrowIfNull(value);
                    Take(nameof(weight), ref _weight, value);
                }
            }

            public void reset_parameters()
            {
                nn.init.kaiming_uniform_(weight, Math.Sqrt(5));
                if (bias is null) return;
                var (fanIn, _) = nn.init.CalculateFanInAndFanOut(weight);
                double bound = fanIn == 0 ? 0 : 1 / Math.Sqrt(fanIn);
                nn.init.uniform_(bias, -bound, bound);
            }

            protected bool ValidateShape(Tensor input, long dimensions)
            {
                var shape = input.shape;
                return (shape.Length == dimensions + 2 && shape[1] == in_channels) || (shape.Length == dimensions + 1 && shape[0] == in_channels);
            }
        }

        /// <summary>A convolution of images <c>[N, C, H, W]</c>.</summary>
        public sealed class Conv2d : Convolution
        {
            internal Conv2d(
                long in_channels, long out_channels, (long, long) kernel_size, (long, long) stride, (long, long) padding, (long, long) dilation,
                long groups, bool bias, PaddingModes padding_mode, Device? device, ScalarType? dtype)
                : base(
                    nameof(Conv2d), in_channels, out_channels, [kernel_size.Item1, kernel_size.Item2], [stride.Item1, stride.Item2],
                    [padding.Item1, padding.Item2], [dilation.Item1, dilation.Item2], groups, bias, padding_mode, device, dtype)
            {
            }

            public override Tensor forward(Tensor input)
            {
                if (!ValidateShape(input, 2))
                    throw new ArgumentException($"Expected 3D (unbatched) or 4D (batched) input with {in_channels} channels to Conv2d.");
                return nn.functional.conv2d(input, weight, bias, stride, padding, dilation, groups);
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Conv2d Conv2d(
                long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (dilation, dilation),
                    groups, bias, padding_mode, device, dtype);

            public static Conv2d Conv2d(
                long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, kernel_size, stride ?? (1, 1), padding ?? (0, 0), dilation ?? (1, 1), groups, bias, padding_mode, device, dtype);
        }
    }
}
