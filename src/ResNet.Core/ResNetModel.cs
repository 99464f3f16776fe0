using ResNet.Core.Blocks;
using ResNet.Core.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core;

/// <summary>
/// A residual network: a 7×7 convolution and a max-pooling, stages of residual blocks, global average pooling and a
/// linear classifier (He et al. 2015, https://arxiv.org/abs/1512.03385, table 1). Layers, parameter names, their order
/// and their initial values are those of torchvision/models/resnet.py, so that weights can be exchanged.
/// </summary>
public sealed class ResNetModel : Module<Tensor, Tensor>
{
    private const int StemWidth = 64;

    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Linear fc;
    private readonly List<Sequential> _stages = [];

    /// <summary>Builds the network with new weights, in training mode, on <see cref="ResNetOptions.Device"/>.</summary>
    /// <remarks>After the same <see cref="manual_seed"/> its weights are those that torchvision draws.</remarks>
    public ResNetModel(ResNetOptions options) : base(nameof(ResNetModel))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;

        conv1 = Convolutions.Conv7x7(options.InputChannels, StemWidth, stride: 2);
        bn1 = BatchNorm2d(StemWidth);
        register_module(nameof(conv1), conv1);
        register_module(nameof(bn1), bn1);

        int channels = StemWidth;
        for (int i = 0; i < options.StageDepths.Count; i++)
        {
            var stage = Stage(options.Block, ref channels, width: StemWidth << i, options.StageDepths[i], stride: i == 0 ? 1 : 2);
            _stages.Add(stage);
            register_module($"layer{i + 1}", stage);
        }

        fc = Linear(channels, options.Classes);
        register_module(nameof(fc), fc);

        DrawWeights();
        this.to(options.Device);
    }

    /// <summary>What the network was built from.</summary>
    public ResNetOptions Options { get; }

    /// <summary>Where the network is now: <see cref="ResNetOptions.Device"/>, unless it was moved since.</summary>
    public Device Device => conv1.weight.device;

    /// <summary>Computes the class scores (logits).</summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device; 32×32 pixels and up make sense.</param>
    /// <returns><c>[N, classes]</c>, not yet normalised by a softmax.</returns>
    /// <exception cref="ArgumentException">The input has another shape.</exception>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Stem(input);
        foreach (var stage in _stages)
        {
            using var previous = x;
            x = stage.call(previous);
        }
        using var pooled = functional.adaptive_avg_pool2d(x, 1);
        return fc.call(pooled.flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the network without its classifier and keeps what lies between.</summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device.</param>
    /// <returns>
    /// The stem's output <c>[N, 64, H/4, W/4]</c>, then each stage's: <c>[N, 64·2ⁱ·expansion, H/2ⁱ⁺², W/2ⁱ⁺²]</c> for
    /// i = 0, 1, …, sizes rounded up. The caller disposes of them.
    /// </returns>
    /// <exception cref="ArgumentException">The input has another shape.</exception>
    public IReadOnlyList<Tensor> ForwardStages(Tensor input)
    {
        var outputs = new List<Tensor> { Stem(input) };
        foreach (var stage in _stages) outputs.Add(stage.call(outputs[^1]));
        return outputs;
    }

    /// <summary>Lays the weights of the convolutions out channels-last, as libtorch computes images of many channels fastest.</summary>
    /// <remarks>Values and names stay the same. Inputs should be channels-last too: <see cref="ChannelsLast"/>.</remarks>
    /// <returns>This network.</returns>
    public ResNetModel ToChannelsLast()
    {
        using var _ = no_grad();
        foreach (var parameter in parameters().Where(parameter => parameter.ndim == 4))
        {
            using var scope = NewDisposeScope();
            parameter.set_(ChannelsLast(parameter.detach()));
        }
        return this;
    }

    /// <summary>The same images or weights <c>[N, C, H, W]</c> in channels-last memory order.</summary>
    public static Tensor ChannelsLast(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        return images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Parameters and running statistics in torchvision's order: module by module, a batch norm's statistics beside
    /// its weight and bias.
    /// </summary>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        destination ??= [];
        Collect(this, string.IsNullOrEmpty(prefix) ? "" : prefix + ".", destination);
        return destination;

        static void Collect(Module module, string prefix, Dictionary<string, Tensor> destination)
        {
            foreach (var (name, parameter) in module.named_parameters(false)) destination.TryAdd(prefix + name, parameter);
            foreach (var (name, buffer) in module.named_buffers(false)) destination.TryAdd(prefix + name, buffer);
            foreach (var (name, child) in module.named_children()) Collect(child, $"{prefix}{name}.", destination);
        }
    }

    /// <summary>Writes the weights as a safetensors file, beside its target first and then renamed over it.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="metadata">Text to keep with the weights.</param>
    public void SaveWeights(string path, IReadOnlyDictionary<string, string>? metadata = null) =>
        WeightsFile.Save(path, state_dict(), metadata);

    /// <summary>Reads the weights from a safetensors file. Nothing is changed where they do not fit.</summary>
    /// <exception cref="WeightsFileException">The file cannot be read, or its names or shapes are not the network's.</exception>
    public void LoadWeights(string path)
    {
        using var file = WeightsFile.Load(path);
        var own = state_dict();
        var problems = own.Keys.Where(name => !file.Tensors.ContainsKey(name)).Select(name => $"{name} is missing")
            .Concat(file.Tensors.Keys.Where(name => !own.ContainsKey(name)).Select(name => $"{name} is not in the network"))
            .Concat(own.Where(entry => file.Tensors.TryGetValue(entry.Key, out var stored) && !stored.shape.SequenceEqual(entry.Value.shape))
                .Select(entry => $"{entry.Key} is {Shape(file.Tensors[entry.Key])} instead of {Shape(entry.Value)}"))
            .ToList();
        if (problems.Count > 0)
        {
            string more = problems.Count > 3 ? $" and {problems.Count - 3} more" : "";
            throw new WeightsFileException(path, $"does not fit this network: {string.Join(", ", problems.Take(3))}{more}");
        }
        using var _ = no_grad();
        foreach (var (name, tensor) in own) tensor.copy_(file.Tensors[name]);
    }

    private Tensor Stem(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.ndim != 4 || input.size(1) != Options.InputChannels)
            throw new ArgumentException($"The input has the shape {Shape(input)}, but this network takes [N, {Options.InputChannels}, H, W].", nameof(input));
        using var scope = NewDisposeScope();
        var x = bn1.call(conv1.call(input)).relu_();
        return functional.max_pool2d(x, kernel_size: 3, stride: 2, padding: 1).MoveToOuterDisposeScope();
    }

    private static Sequential Stage(BlockKind kind, ref int channels, int width, int depth, int stride)
    {
        var stage = Sequential();
        for (int i = 0; i < depth; i++)
        {
            stage.append(Block(kind, channels, width, i == 0 ? stride : 1));
            channels = width * Expansion(kind);
        }
        return stage;
    }

    // The projection is made before the block, as in torchvision: that is the order in which random numbers are drawn.
    private static Module<Tensor, Tensor> Block(BlockKind kind, int input, int width, int stride)
    {
        int output = width * Expansion(kind);
        Sequential? downsample = stride == 1 && input == output
            ? null
            : Sequential(Convolutions.Conv1x1(input, output, stride), BatchNorm2d(output));
        return kind == BlockKind.Basic
            ? new BasicBlock(input, width, stride, downsample)
            : new Bottleneck(input, width, stride, downsample);
    }

    private static int Expansion(BlockKind kind) => kind == BlockKind.Basic ? BasicBlock.Expansion : Bottleneck.Expansion;

    // Convolutions as He et al. 2015 (https://arxiv.org/abs/1502.01852) over the fan-out; the rest is as its modules start.
    private void DrawWeights() => apply(module =>
    {
        if (module is Conv2d convolution)
            init.kaiming_normal_(convolution.weight, mode: init.FanInOut.FanOut, nonlinearity: init.NonlinearityType.ReLU);
    });

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
