using ResNet.Core.Blocks;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Inference;

/// <summary>A tensor in a script. What is computed from it adds lines to the script; sums and ReLUs work in place, since nobody else needs what they start from.</summary>
/// <param name="Script">The script.</param>
/// <param name="Name">The variable's name.</param>
internal readonly record struct ScriptValue(Script Script, string Name) : ILayerInput<ScriptValue>
{
    public static ScriptValue operator +(ScriptValue left, ScriptValue right) => left.Call("add_", right.Name);

    /// <exception cref="NotSupportedException">oneDNN's tensors do not go through such a layer.</exception>
    public ScriptValue Then(Module? layer) => layer switch
    {
        null or Identity _ => this,
        Sequential sequence => sequence.children().Aggregate(this, (value, part) => value.Then(part)),
        ReLU _ => Relu(),
        Conv2d convolution => Convolve(convolution),
        Linear linear => Script.Line($"torch.conv2d({Name}, {Script.Kernel(linear)}, {Script.Weight(linear.bias!)})"),
        BatchNorm2d norm => Normalize(norm),
        MaxPool2d pool => Script.Line($"torch.max_pool2d({Name}, {List(pool.kernel_size)}, {List(pool.stride!)}, {List(pool.padding!)})"),
        AdaptiveAvgPool2d _ => Script.Line($"torch.adaptive_avg_pool2d({Name}, [1, 1])"),
        ShortcutPool { Stride: > 1 } pool => Script.Line($"torch.avg_pool2d({Name}, {List(ShortcutPool.Size, ShortcutPool.Size)}, {List(pool.Stride, pool.Stride)}, [0, 0], True, False)"),
        _ => throw new NotSupportedException($"oneDNN's tensors do not go through a {layer.GetType().Name}."),
    };

    public ScriptValue Relu() => Call("relu_");

    // The classifier is a convolution here.
    public ScriptValue Flatten() => this;

    internal ScriptValue Call(string method, params string[] arguments) => Script.Line($"{Name}.{method}({string.Join(", ", arguments)})");

    internal static string List(params IEnumerable<long> numbers) => $"[{string.Join(", ", numbers)}]";

    private ScriptValue Convolve(Conv2d layer)
    {
        string geometry = $"{List(layer.stride)}, {List(layer.padding!)}, {List(layer.dilation)}, {layer.groups}";
        string bias = layer.bias is null ? "None" : Script.Weight(layer.bias);
        return Script.Line($"torch.conv2d({Name}, {Script.Kernel(layer)}, {bias}, {geometry})");
    }

    private ScriptValue Normalize(BatchNorm2d norm)
    {
        string weights = string.Join(", ", new[] { norm.weight, norm.bias!, norm.running_mean!, norm.running_var! }.Select(Script.Weight));
        return Script.Line(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"torch.batch_norm({Name}, {weights}, False, 0.0, {norm.eps:R}, False)"));
    }
}
