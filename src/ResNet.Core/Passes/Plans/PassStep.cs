using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Passes.Plans;

/// <summary>A step of a <see cref="PassPlan"/>: one or more layers that are computed together.</summary>
/// <param name="Input">The number of the value that it reads; 0 for the images.</param>
/// <param name="Add">The number of the value that is added; null for none.</param>
internal abstract record PassStep(int Input, int? Add = null);

/// <summary>A convolution without bias.</summary>
internal sealed record ConvolutionStep(Conv2d Module, int Input) : PassStep(Input);

/// <summary>A batch norm, with what follows it.</summary>
/// <param name="Module">The norm: a BatchNorm2d or a <see cref="FrozenBatchNorm2d"/>.</param>
/// <param name="UsesBatch">
/// Whether it normalises by the batch's own mean and variance, and changes the running ones; otherwise by the running ones.
/// </param>
/// <param name="Input">The number of the value that it reads.</param>
/// <param name="Add">The value that is added to its output; null for none.</param>
/// <param name="Relu">Whether negative numbers become 0 then.</param>
internal sealed record NormStep(Module Module, bool UsesBatch, int Input, int? Add = null, bool Relu = false) : PassStep(Input, Add)
{
    internal Tensor Weight => Module is BatchNorm2d norm ? norm.weight : Frozen.weight;

    internal Tensor? Bias => Module is BatchNorm2d norm ? norm.bias : Frozen.bias;

    internal Tensor? Mean => Module is BatchNorm2d norm ? norm.running_mean : Frozen.running_mean;

    internal Tensor? Variance => Module is BatchNorm2d norm ? norm.running_var : Frozen.running_var;

    internal double Epsilon => Module is BatchNorm2d norm ? norm.eps : FrozenBatchNorm2d.Epsilon;

    internal long Channels => Module is BatchNorm2d norm ? norm.num_features : Frozen.weight.numel();

    private FrozenBatchNorm2d Frozen => (FrozenBatchNorm2d)Module;
}

/// <summary>A sum without a norm before it.</summary>
internal sealed record AddStep(int Input, int Added) : PassStep(Input, Added);

/// <summary>Max pooling.</summary>
internal sealed record MaxPoolStep(int Kernel, int Stride, int Padding, int Input) : PassStep(Input);

/// <summary>The mean of windows of 2×2 pixels that do not overlap, of a shortcut.</summary>
internal sealed record AveragePoolStep(int Input) : PassStep(Input);

/// <summary>A shortcut between channels of zeros.</summary>
internal sealed record ZeroPaddingStep(ZeroPaddingShortcut Module, int Input) : PassStep(Input);

/// <summary>The mean of all pixels.</summary>
internal sealed record MeanStep(int Input) : PassStep(Input);
