using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Passes.Plans;

/// <summary>A value of a <see cref="PassPlan"/>. Operations on it add steps to the plan.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Number">The number of the value.</param>
/// <param name="IsKept">Whether later layers read the value too, so that it has to stay as it is.</param>
internal readonly record struct PassValue(PassPlan Plan, int Number, bool IsKept = false) : ILayerInput<PassValue>
{
    /// <exception cref="NotSupportedException">There are no kernels for the layer.</exception>
    public PassValue Then(Module? layer) => layer switch
    {
        null or Identity _ => this,
        Sequential sequence when layer.GetType() == typeof(Sequential) =>
            sequence.children().Aggregate(this, (value, part) => value.Then(part)),
        ResidualBlock { Options.StochasticDepth: 0 } block => block.Apply(Keep()),
        ReLU _ => Relu(),
        Conv2d convolution when HasKernels(convolution) => Append(new ConvolutionStep(convolution, Number)),
        BatchNorm2d norm when norm.weight is not null && norm.running_mean is not null => Append(new NormStep(norm, norm.training, Number)),
        FrozenBatchNorm2d norm => Append(new NormStep(norm, UsesBatch: false, Number)),
        MaxPool2d pool when HasKernels(pool) =>
            Append(new MaxPoolStep((int)pool.kernel_size[0], (int)pool.stride![0], (int)pool.padding![0], Number)),
        ShortcutPool { Stride: 2 } => Append(new AveragePoolStep(Number)),
        ZeroPaddingShortcut shortcut => Append(new ZeroPaddingStep(shortcut, Number)),
        AdaptiveAvgPool2d pool when pool.output_size.All(size => size == 1) => Append(new MeanStep(Number)),
        ResidualBlock => throw WithoutKernels("stochastic depth"),
        _ => throw WithoutKernels($"this {layer.GetName()}"),
    };

    public PassValue Relu()
    {
        if (IsKept || Number == 0 || Plan.Steps[Number - 1] is not NormStep { Relu: false } norm)
            throw WithoutKernels("a ReLU without a norm before it");
        Plan.Steps[Number - 1] = norm with { Relu = true };
        return this;
    }

    public PassValue ReluAndPool(MaxPool2d? pool) => Relu().Then(pool);

    // A mean is a map of one pixel already.
    public PassValue Flatten() => this;

    public PassValue Add(PassValue other)
    {
        // The later one of both can add the earlier one, which is there already.
        var (earlier, later) = Number < other.Number ? (this, other) : (other, this);
        // A shortcut's padding does not depend on the branch, so it can be computed before the branch's norm.
        if (later.Number == earlier.Number + 1 && Plan.Steps[later.Number - 1] is ZeroPaddingStep shortcut && !earlier.IsKept)
            (Plan.Steps[earlier.Number - 1], Plan.Steps[later.Number - 1]) = (shortcut, Plan.Steps[earlier.Number - 1]);
        if (earlier.Number == 0) throw WithoutKernels("a sum with images");
        if (later.IsKept || Plan.Steps[later.Number - 1] is not NormStep { Relu: false, Add: null } norm)
            return Append(new AddStep(Number, other.Number));
        Plan.Steps[later.Number - 1] = norm with { Add = earlier.Number };
        return later;
    }

    public PassValue Dropout(double rate) =>
        rate == 0 ? this : throw WithoutKernels("dropout");

    public PassValue DropImages(double rate) =>
        rate == 0 ? this : throw WithoutKernels("stochastic depth");

    public PassValue Keep() => this with { IsKept = true };

    private PassValue Append(PassStep step)
    {
        Plan.Steps.Add(step);
        return new PassValue(Plan, Plan.Steps.Count);
    }

    private static NotSupportedException WithoutKernels(string what) => new($"There are no kernels to train {what}.");

    // A byte says where in its window a maximum was.
    private static bool HasKernels(MaxPool2d pool) =>
        pool is { ceil_mode: false, stride: not null, padding: not null } && IsSquare(pool.kernel_size) && IsSquare(pool.stride)
        && IsSquare(pool.padding) && pool.kernel_size[0] * pool.kernel_size[0] <= byte.MaxValue
        && 2 * pool.padding[0] <= pool.kernel_size[0] && (pool.dilation is null || pool.dilation.All(distance => distance == 1));

    private static bool IsSquare(long[] sides) => sides.All(side => side == sides[0]);

    // The first convolution reads images, which need no gradients.
    private bool HasKernels(Conv2d convolution)
    {
        if (convolution.padding_mode != PaddingModes.Zeros || convolution.padding is null
            || !IsSquare(convolution.kernel_size) || !IsSquare(convolution.stride) || !IsSquare(convolution.dilation)
            || !IsSquare(convolution.padding))
            return false;
        long kernel = convolution.kernel_size[0], stride = convolution.stride[0], dilation = convolution.dilation[0];
        bool isPadded = kernel % 2 == 1 && convolution.padding[0] == dilation * (kernel - 1) / 2;
        return convolution.bias is null && isPadded && (Number > 0 || convolution.groups == 1)
            && (Number == 0 ? dilation == 1 : kernel is 1 or 3 && (stride == 1 || (stride == 2 && dilation == 1)));
    }
}
