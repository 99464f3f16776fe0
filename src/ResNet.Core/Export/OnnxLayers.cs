using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Export;

/// <summary>The layers of residual networks as ONNX's operators, in evaluation mode.</summary>
internal static class OnnxLayers
{
    /// <summary>Applies a layer; null leaves the value as it is.</summary>
    /// <exception cref="ArgumentException">There is no operator for the layer.</exception>
    internal static OnnxValue Apply(Module? layer, OnnxValue x) => layer switch
    {
        null or Identity _ => x,
        Sequential sequence => sequence.children().Aggregate(x, (value, part) => value.Then(part)),
        ResidualBlock block => block.Apply(x),
        ReLU _ => x.Relu(),
        Conv2d convolution => x.Convolve(convolution),
        BatchNorm2d norm => x.Normalize(norm, norm.weight, norm.bias!, norm.running_mean!, norm.running_var!, norm.eps),
        FrozenBatchNorm2d norm => x.Normalize(norm, norm.weight, norm.bias, norm.running_mean, norm.running_var, FrozenBatchNorm2d.Epsilon),
        GroupNorm norm => x.Normalize(norm),
        MaxPool2d pool => x.Pool(pool),
        AdaptiveAvgPool2d _ => x.Graph.Add("GlobalAveragePool", [x], layer: layer),
        ShortcutPool pool => x.Pool(pool),
        ZeroPaddingShortcut shortcut => x.Pad(shortcut),
        Linear linear => x.Graph.Add(
            "Gemm",
            [x, x.Weight(linear, linear.weight), x.Bias(linear, linear.bias!)],
            [OnnxAttribute.Integer("transB", 1)],
            linear),
        _ => throw new ArgumentException(
            $"The network's layer {layer.GetType().Name} cannot be exported: "
            + "ONNX files are made of convolutions, batch norms, group norms and what comes with them."),
    };

    private static OnnxValue Convolve(this OnnxValue x, Conv2d layer)
    {
        AttributeProto[] attributes =
        [
            OnnxAttribute.List("kernel_shape", layer.kernel_size),
            OnnxAttribute.List("strides", layer.stride), OnnxAttribute.List("dilations", layer.dilation),
            OnnxAttribute.List("pads", [.. layer.padding!, .. layer.padding!]), OnnxAttribute.Integer("group", layer.groups),
        ];
        var weight = x.Weight(layer, layer.weight);
        return x.Graph.Add("Conv", layer.bias is null ? [x, weight] : [x, weight, x.Bias(layer, layer.bias)], attributes, layer);
    }

    private static OnnxValue Normalize(
        this OnnxValue x, Module layer, Tensor weight, Tensor bias, Tensor mean, Tensor variance, double epsilon) => x.Graph.Add(
        "BatchNormalization",
        [
            x, x.Weight(layer, weight), x.Bias(layer, bias),
            x.Graph.Weight(layer, "running_mean", mean), x.Graph.Weight(layer, "running_var", variance),
        ],
        [OnnxAttribute.Single("epsilon", epsilon)],
        layer);

    // Opset 18 has an operator for group normalisation. In opset 17, instance normalisation with each group as a channel does the same.
    private static OnnxValue Normalize(this OnnxValue x, GroupNorm layer)
    {
        var (one, zero) = (x.Graph.Constant(ones(layer.num_groups)), x.Graph.Constant(zeros(layer.num_groups)));
        var grouped = x.Reshape(0, layer.num_groups, -1);
        var normalized = grouped.Node("InstanceNormalization", [one, zero], OnnxAttribute.Single("epsilon", layer.eps)).Reshape(x.Shape());
        var scaled = normalized * x.Weight(layer, layer.weight.reshape(-1, 1, 1));
        return x.Graph.Add("Add", [scaled, x.Bias(layer, layer.bias!.reshape(-1, 1, 1))], layer: layer);
    }

    private static OnnxValue Pool(this OnnxValue x, MaxPool2d layer) => x.Graph.Add(
        "MaxPool",
        [x],
        [
            OnnxAttribute.List("kernel_shape", layer.kernel_size), OnnxAttribute.List("strides", layer.stride!),
            OnnxAttribute.List("pads", [.. layer.padding!, .. layer.padding!]),
        ],
        layer);

    // With a stride, pixels beyond the right and the bottom border do not count in the mean; without a stride they count as zeros.
    private static OnnxValue Pool(this OnnxValue x, ShortcutPool layer)
    {
        var size = OnnxAttribute.List("kernel_shape", ShortcutPool.Size, ShortcutPool.Size);
        return layer.Stride > 1
            ? x.Graph.Add(
                "AveragePool",
                [x],
                [size, OnnxAttribute.List("strides", layer.Stride, layer.Stride), OnnxAttribute.Integer("ceil_mode", 1)],
                layer)
            : x.Graph.Add(
                "AveragePool",
                [x],
                [size, OnnxAttribute.List("pads", 0, 0, 1, 1), OnnxAttribute.Integer("count_include_pad", 1)],
                layer);
    }

    private static OnnxValue Pad(this OnnxValue x, ZeroPaddingShortcut layer)
    {
        var pixels = layer.Stride == 1
            ? x
            : x.Node(
                "Slice",
                [
                    x.Integers(0, 0), x.Integers(int.MaxValue, int.MaxValue),
                    x.Integers(2, 3), x.Integers(layer.Stride, layer.Stride),
                ]);
        return x.Graph.Add("Pad", [pixels, x.Integers(0, layer.Before, 0, 0, 0, layer.After, 0, 0)], layer: layer);
    }

    private static OnnxValue Weight(this OnnxValue x, Module layer, Tensor value) => x.Graph.Weight(layer, "weight", value);

    private static OnnxValue Bias(this OnnxValue x, Module layer, Tensor value) => x.Graph.Weight(layer, "bias", value);
}
