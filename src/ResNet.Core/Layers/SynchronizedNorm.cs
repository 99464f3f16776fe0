using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace ResNet.Core.Layers;

/// <summary>A batch norm in training, whose mean and variance are those of the images of several processes, by libtorch.</summary>
/// <remarks>
/// The formulas of Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, over all images, as PyTorch's <c>SyncBatchNorm</c> has them:
/// the gradients of weight and bias are of the images here. Sums are in double precision, of distances from the running mean.
/// </remarks>
internal sealed class SynchronizedNorm : SingleTensorFunction<SynchronizedNorm>
{
    private const string Sums = nameof(Sums), Count = nameof(Count), Counts = nameof(Counts);

    // All but the channels.
    private static readonly long[] s_pixels = [0, 2, 3];

    public override string Name => nameof(SynchronizedNorm);

    /// <summary>Normalises a batch, and changes the running statistics.</summary>
    /// <param name="norm">The norm, in training mode.</param>
    /// <param name="input"><c>[N, C, H, W]</c>.</param>
    /// <param name="sums">The processes.</param>
    internal static Tensor Apply(BatchNorm2d norm, Tensor input, BatchSums sums) =>
        apply([input, norm.weight, norm.bias!, norm, sums]);

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var (input, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
        var (norm, sums) = ((BatchNorm2d)vars[3], (BatchSums)vars[4]);
        using var untracked = no_grad();
        using var scope = NewDisposeScope();
        int channels = (int)norm.num_features;
        var shift = norm.running_mean!.clone();
        var centred = input.to(weight.dtype).sub(OfPixels(shift));
        var table = zeros((2 * channels) + 1, ScalarType.Float64, input.device);
        if (sums.Counts)
        {
            using Scalar pixels = (double)(input.numel() / channels);
            table.narrow(0, 0, channels).copy_(centred.sum(s_pixels, type: ScalarType.Float64));
            table.narrow(0, channels, channels).copy_(centred.square().sum(s_pixels, type: ScalarType.Float64));
            table.narrow(0, 2 * channels, 1).fill_(pixels);
        }
        sums.Sum(table);
        double count = table.narrow(0, 2 * channels, 1).ReadDouble();
        using Scalar all = count, epsilon = norm.eps;
        var distance = table.narrow(0, 0, channels).div(all);
        var squares = table.narrow(0, channels, channels).div(all).sub(distance.square()).RaiseInPlace(0);
        Renew(norm, shift.to(ScalarType.Float64).add(distance), squares, count);
        var deviation = squares.add(epsilon).rsqrt().to(weight.dtype);
        var normalized = centred.sub(OfPixels(distance.to(weight.dtype))).mul(OfPixels(deviation));
        // TorchSharp reads them after this method.
        ctx.save_for_backward([normalized.MoveToOuterDisposeScope(), deviation.MoveToOuterDisposeScope(), weight]);
        ctx.save_data(Sums, sums);
        ctx.save_data(Count, count);
        ctx.save_data(Counts, sums.Counts);
        return normalized.mul(OfPixels(weight)).add(OfPixels(bias)).to(input.dtype).MoveToOuterDisposeScope();
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "None may pass through native code.")]
    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        using var gradient = grad_output;
        var sums = (BatchSums)ctx.get_data(Sums);
        try
        {
            if (is_grad_enabled()) throw new NotSupportedException("Synchronized batch norms have no gradients of gradients.");
            return Gradients(ctx, gradient, sums);
        }
        catch (Exception e)
        {
            // libtorch refuses gradients of a wrong shape by an exception of its own, which backward() throws.
            sums.Failure = e;
            return [zeros(0), zeros(0), zeros(0), null!, null!];
        }
    }

    private static List<Tensor> Gradients(AutogradContext ctx, Tensor gradient, BatchSums sums)
    {
        using var scope = NewDisposeScope();
        double count = (double)ctx.get_data(Count);
        bool counts = (bool)ctx.get_data(Counts);
        var saved = ctx.get_saved_variables();
        var (normalized, deviation, weight) = (saved[0], saved[1], saved[2]);
        long channels = weight.numel();
        var outer = gradient.to(weight.dtype);
        var ofBias = outer.sum(s_pixels, type: ScalarType.Float64);
        var ofWeight = outer.mul(normalized).sum(s_pixels, type: ScalarType.Float64);
        var table = cat([ofBias, ofWeight]);
        sums.Sum(table);
        using Scalar all = count;
        var means = table.div(all).to(weight.dtype);
        var input = counts
            ? outer.sub(OfPixels(means.narrow(0, 0, channels))).sub(normalized.mul(OfPixels(means.narrow(0, channels, channels))))
                .mul(OfPixels(weight.mul(deviation))).to(gradient.dtype)
            : zeros_like(gradient);
        return
        [
            input.MoveToOuterDisposeScope(),
            ofWeight.to(weight.dtype).MoveToOuterDisposeScope(),
            ofBias.to(weight.dtype).MoveToOuterDisposeScope(),
            null!,
            null!,
        ];
    }

    // The running statistics, with the unbiased variance, as PyTorch's batch norms have them.
    private static void Renew(BatchNorm2d norm, Tensor mean, Tensor variance, double count)
    {
        norm.num_batches_tracked!.copy_(norm.num_batches_tracked.add(1));
        double momentum = norm.momentum ?? 1 / norm.num_batches_tracked.ReadDouble();
        using Scalar keep = 1 - momentum, take = momentum, takeUnbiased = momentum * count / Math.Max(count - 1, 1);
        norm.running_mean!.mul_(keep).add_(mean.mul(take).to(norm.running_mean!.dtype));
        norm.running_var!.mul_(keep).add_(variance.mul(takeUnbiased).to(norm.running_var!.dtype));
    }

    private static Tensor OfPixels(Tensor channels) => channels.view(1, -1, 1, 1);
}
