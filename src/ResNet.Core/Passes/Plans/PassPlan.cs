using ResNet.Inference.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Passes.Plans;

/// <summary>The steps of a network from the images to the pooled vectors. Value 0 is the images, and step i computes value i + 1.</summary>
internal sealed class PassPlan
{
    private readonly Lazy<Dictionary<Module, string>> _names;

    private PassPlan(ResNetModel model)
    {
        _names = new(() => model.named_modules()
            .DistinctBy(entry => entry.module)
            .ToDictionary(entry => entry.module, entry => entry.name));
    }

    internal List<PassStep> Steps { get; } = [];

    /// <summary>Makes the plan of a network.</summary>
    /// <exception cref="NotSupportedException">There are no kernels for a part of the network.</exception>
    internal static PassPlan Of(ResNetModel model)
    {
        var plan = new PassPlan(model);
        model.ApplyUntilPooled(new PassValue(plan, 0));
        return plan;
    }

    /// <summary>Names the first step that has tensors of another type, device or shape than its kernels; null if there is none.</summary>
    internal string? FindUnfit()
    {
        int step = Steps.FindIndex(step => !IsFit(step));
        return step < 0 ? null : NameOf(step);
    }

    private static bool IsFit(PassStep step) => step switch
    {
        ConvolutionStep { Module: var module } => Has(
            module.weight, module.out_channels, module.in_channels / module.groups, module.kernel_size[0], module.kernel_size[1]),
        NormStep norm => Has(norm.Weight, norm.Channels) && Has(norm.Bias, norm.Channels) && Has(norm.Mean, norm.Channels)
            && Has(norm.Variance, norm.Channels)
            && norm.Module is not BatchNorm2d { num_batches_tracked: { dtype: not ScalarType.Int64 } },
        _ => true,
    };

    private static bool Has(Tensor? tensor, params ReadOnlySpan<long> shape) =>
        tensor is not null && tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU
        && shape.SequenceEqual(tensor.shape);

    /// <summary>Returns the path of a step's module in the network, or says what a step without one does.</summary>
    internal string NameOf(int step) => Steps[step] switch
    {
        ConvolutionStep { Module: var module } => PathOf(module),
        NormStep { Module: var module } => PathOf(module),
        ZeroPaddingStep { Module: var module } => PathOf(module),
        AddStep => "sum",
        MaxPoolStep => "max pooling",
        AveragePoolStep => "average pooling of a shortcut",
        MeanStep => "average pooling",
        var other => other.GetType().Name,
    };

    private string PathOf(Module module) => _names.Value.GetValueOrDefault(module, module.GetName());

    /// <summary>Computes the shape of each value for images of one size.</summary>
    internal MapShape[] Shapes(int channels, int height, int width)
    {
        var shapes = new MapShape[Steps.Count + 1];
        shapes[0] = new MapShape(channels, height, width);
        for (int i = 0; i < Steps.Count; i++)
        {
            var input = shapes[Steps[i].Input];
            shapes[i + 1] = Steps[i] switch
            {
                ConvolutionStep { Module: var convolution } => new MapShape(
                    (int)convolution.out_channels, Along(input.Height, convolution), Along(input.Width, convolution)),
                MaxPoolStep pool => input with
                {
                    Height = ((input.Height + (2 * pool.Padding) - pool.Kernel) / pool.Stride) + 1,
                    Width = ((input.Width + (2 * pool.Padding) - pool.Kernel) / pool.Stride) + 1,
                },
                ZeroPaddingStep { Module: var shortcut } => new MapShape(
                    input.Channels + shortcut.Before + shortcut.After,
                    (input.Height + shortcut.Stride - 1) / shortcut.Stride, (input.Width + shortcut.Stride - 1) / shortcut.Stride),
                AveragePoolStep => input with { Height = (input.Height + 1) / 2, Width = (input.Width + 1) / 2 },
                MeanStep => new MapShape(input.Channels, 1, 1),
                _ => input,
            };
        }
        return shapes;
    }

    private static int Along(int pixels, Conv2d convolution)
    {
        long window = (convolution.dilation[0] * (convolution.kernel_size[0] - 1)) + 1;
        return (int)(((pixels + (2 * convolution.padding![0]) - window) / convolution.stride[0]) + 1);
    }
}
