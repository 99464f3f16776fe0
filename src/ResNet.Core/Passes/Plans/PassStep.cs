using ResNet.Core.Layers;
using TorchSharp.Modules;

namespace ResNet.Core.Passes.Plans;

/// <summary>A step of a <see cref="PassPlan"/>: one or more layers that are computed together.</summary>
/// <param name="Input">The number of the value that it reads; 0 for the images.</param>
internal abstract record PassStep(int Input);

/// <summary>A convolution without bias.</summary>
internal sealed record ConvolutionStep(Conv2d Module, int Input) : PassStep(Input);

/// <summary>A batch norm of the batch's own statistics, with what follows it.</summary>
/// <param name="Module">The norm.</param>
/// <param name="Input">The number of the value that it reads.</param>
/// <param name="Add">The value that is added to its output; null for none.</param>
/// <param name="Relu">Whether negative numbers become 0 then.</param>
internal sealed record NormStep(BatchNorm2d Module, int Input, int? Add = null, bool Relu = false) : PassStep(Input);

/// <summary>Max pooling.</summary>
internal sealed record MaxPoolStep(int Kernel, int Stride, int Padding, int Input) : PassStep(Input);

/// <summary>A shortcut between channels of zeros.</summary>
internal sealed record ZeroPaddingStep(ZeroPaddingShortcut Module, int Input) : PassStep(Input);

/// <summary>The mean of all pixels.</summary>
internal sealed record MeanStep(int Input) : PassStep(Input);
