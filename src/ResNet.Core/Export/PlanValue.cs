using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using ResNet.Inference.Plans;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Export;

/// <summary>A value of a plan for inference. Operations on it add layers to the plan.</summary>
/// <param name="Writer">The plan.</param>
/// <param name="Number">The number of the value.</param>
/// <param name="IsKept">Whether later layers read the value too, so that it has to stay as it is.</param>
internal readonly record struct PlanValue(PlanWriter Writer, int Number, bool IsKept = false) : ILayerInput<PlanValue>
{
    /// <exception cref="ArgumentException">There is no kernel for the layer.</exception>
    public PlanValue Then(Module? layer) => layer switch
    {
        null or Identity _ => this,
        Sequential sequence => sequence.children().Aggregate(this, (value, part) => value.Then(part)),
        ResidualBlock block => block.Apply(Keep()),
        ReLU _ => Relu(),
        Conv2d convolution => Append(Writer.Convolution(convolution, Number)),
        BatchNorm2d norm => Append(Writer.Scale(norm, norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps, Number)),
        FrozenBatchNorm2d norm => Append(Writer.Scale(
            norm, norm.weight, norm.bias, norm.running_mean, norm.running_var, FrozenBatchNorm2d.Epsilon, Number)),
        GroupNorm norm => Append(Writer.GroupNorm(norm, Number)),
        MaxPool2d pool => Append(new Layer
        {
            Kind = LayerKind.MaxPool, Input = Number,
            Kernel = (int)pool.kernel_size[0], Stride = (int)pool.stride![0], Padding = (int)pool.padding![0],
        }),
        AdaptiveAvgPool2d _ => Append(new Layer { Kind = LayerKind.Mean, Input = Number }),
        ShortcutPool pool => Append(new Layer { Kind = LayerKind.AveragePool, Input = Number, Stride = pool.Stride }),
        ZeroPaddingShortcut shortcut => Append(new Layer
        {
            Kind = LayerKind.Subsample, Input = Number, Stride = shortcut.Stride, Before = shortcut.Before, After = shortcut.After,
        }),
        Linear linear => Append(Writer.Linear(linear, Number)),
        _ => throw new ArgumentException(
            $"The network's layer {layer.GetType().Name} cannot be saved for inference: "
            + "there are kernels for convolutions, batch norms, group norms and what comes with them."),
    };

    public PlanValue Relu()
    {
        if (!IsKept && Number > 0 && Writer.Layers[Number - 1] is { Relu: false, Kind: LayerKind.Convolution or LayerKind.Pointwise } last)
        {
            Writer.Layers[Number - 1] = last with { Relu = true };
            return this;
        }
        return Append(new Layer { Kind = LayerKind.Pointwise, Input = Number, Relu = true });
    }

    public PlanValue ReluAndPool(MaxPool2d? pool) => Relu().Then(pool);

    // A mean is a map of one pixel already.
    public PlanValue Flatten() => this;

    public PlanValue Add(PlanValue other)
    {
        // The later one of both can add the earlier one, which is there already.
        var (earlier, later) = Number < other.Number ? (this, other) : (other, this);
        if (!later.IsKept && later.Number > earlier.Number
            && Writer.Layers[later.Number - 1] is { Relu: false, Add: null, Kind: LayerKind.Convolution or LayerKind.Pointwise } last)
        {
            Writer.Layers[later.Number - 1] = last with { Add = earlier.Number };
            return later;
        }
        return Append(new Layer { Kind = LayerKind.Pointwise, Input = Number, Add = other.Number });
    }

    // The file is for inference, where dropout does nothing.
    public PlanValue Dropout(double rate) => this;

    public PlanValue DropImages(double rate) => this;

    public PlanValue Keep() => this with { IsKept = true };

    /// <summary>Notes the value as the output of the stem or of a stage.</summary>
    internal PlanValue EndStage()
    {
        Writer.Stages.Add(Number);
        return Keep();
    }

    private PlanValue Append(Layer layer)
    {
        Writer.Layers.Add(layer);
        return new PlanValue(Writer, Writer.Layers.Count);
    }
}
