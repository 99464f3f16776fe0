using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>What normalisations with running statistics have in common.</summary>
        public abstract class NormBase : nn.Module<Tensor, Tensor>
        {
            [ComponentName(Name = nameof(bias))] private Parameter? _bias;
            [ComponentName(Name = nameof(weight))] private Parameter? _weight;
            [ComponentName(Name = nameof(running_mean))] private Tensor? _running_mean;
            [ComponentName(Name = nameof(running_var))] private Tensor? _running_var;
            [ComponentName(Name = nameof(num_batches_tracked))] private Tensor? _num_batches_tracked;

            public NormBase(
                long num_features, double eps, double? momentum, bool affine, bool track_running_stats, Device? device, ScalarType? dtype, string name)
                : base(name)
            {
                (this.num_features, this.eps, this.momentum, this.affine, this.track_running_stats) = (num_features, eps, momentum, affine, track_running_stats);
                if (affine)
                {
                    weight = nn.Parameter(empty(num_features, dtype, device));
                    bias = nn.Parameter(empty(num_features, dtype, device));
                }
                if (track_running_stats)
                {
                    running_mean = zeros(num_features, dtype, device);
                    running_var = ones(num_features, dtype, device);
                    num_batches_tracked = tensor(0L, dtype, device);
                }
                reset_parameters();
            }

            public long num_features { get; private set; }
            public double eps { get; set; }
            public double? momentum { get; set; }
            public bool affine { get; private set; }
            public bool track_running_stats { get; private set; }

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

            public Tensor? running_mean
            {
                get => _running_mean;
                set => Take(nameof(running_mean), ref _running_mean, value);
            }

            public Tensor? running_var
            {
                get => _running_var;
                set => Take(nameof(running_var), ref _running_var, value);
            }

            public Tensor? num_batches_tracked
            {
                get => _num_batches_tracked;
                set => Take(nameof(num_batches_tracked), ref _num_batches_tracked, value);
            }

            public void reset_running_stats()
            {
                if (!track_running_stats) return;
                _running_mean!.zero_();
                _running_var!.fill_(1);
                _num_batches_tracked!.zero_();
            }

            public void reset_parameters()
            {
                reset_running_stats();
                if (!affine) return;
                nn.init.ones_(weight);
                nn.init.zeros_(bias!);
            }

            protected abstract void ValidateInputDimensions(Tensor input);
        }

        /// <summary>Normalises each channel over the batch (Ioffe and Szegedy, 2015).</summary>
        public abstract class BatchNorm : NormBase
        {
            public BatchNorm(
                long num_features, double eps, double momentum, bool affine, bool track_running_stats, Device? device, ScalarType? dtype, string name)
                : base(num_features, eps, momentum, affine, track_running_stats, device, dtype, name)
            {
            }

            public override Tensor forward(Tensor input)
            {
                ValidateInputDimensions(input);
                double factor = momentum ?? 0;
                if (training && track_running_stats && num_batches_tracked is not null)
                {
                    num_batches_tracked.add_(1);
                    if (momentum is null) factor = 1.0 / num_batches_tracked.ToDouble();
                }
                bool fromBatch = training || (running_mean is null && running_var is null);
                bool withStatistics = !training || track_running_stats;
                return nn.functional.batch_norm(
                    input, withStatistics ? running_mean : null, withStatistics ? running_var : null, weight, bias, fromBatch, factor, eps);
            }
        }

        /// <summary>Batch normalisation of images <c>[N, C, H, W]</c>.</summary>
        public sealed class BatchNorm2d : BatchNorm
        {
            internal BatchNorm2d(long num_features, double eps, double momentum, bool affine, bool track_running_stats, Device? device, ScalarType? dtype)
                : base(num_features, eps, momentum, affine, track_running_stats, device, dtype, nameof(BatchNorm2d))
            {
            }

            protected override void ValidateInputDimensions(Tensor input)
            {
                if (input.ndim != 4) throw new ArgumentException($"expected 4D input, but got {input.ndim}D input.");
            }
        }

        /// <summary>Normalises groups of channels of each sample (Wu and He, 2018). As in TorchSharp, weight and bias start with whatever memory holds.</summary>
        public sealed class GroupNorm : nn.Module<Tensor, Tensor>
        {
            [ComponentName(Name = nameof(bias))] private Parameter? _bias;
            [ComponentName(Name = nameof(weight))] private Parameter? _weight;

            internal GroupNorm(long num_groups, long num_channels, double eps, bool affine, Device? device, ScalarType? dtype) : base(nameof(GroupNorm))
            {
                (this.num_groups, this.eps, this.affine) = (num_groups, eps, affine);
                if (!affine) return;
                weight = nn.Parameter(empty(num_channels, dtype, device));
                bias = nn.Parameter(empty(num_channels, dtype, device));
            }

            public long num_groups { get; set; }
            public double eps { get; set; }
            public bool affine { get; set; }

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

            public override Tensor forward(Tensor tensor)
            {
                if (tensor.ndim < 3) throw new ArgumentException($"Invalid number of dimensions for GroupNorm argument: {tensor.ndim}");
                return nn.functional.group_norm(tensor, num_groups, _weight, _bias, eps);
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static GroupNorm GroupNorm(
                long num_groups, long num_channels, double eps = 1e-05, bool affine = true, Device? device = null, ScalarType? dtype = null) =>
                new(num_groups, num_channels, eps, affine, device, dtype);

            public static BatchNorm2d BatchNorm2d(
                long num_features, double eps = 1e-05, double momentum = 0.1, bool affine = true, bool track_running_stats = true, Device? device = null, ScalarType? dtype = null) =>
                new(num_features, eps, momentum, affine, track_running_stats, device, dtype);
        }
    }
}
