using ResNet.Core.Blocks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core;

/// <summary>
/// A residual network: a stem, stages of residual blocks, global average pooling and a linear classifier (He et al. 2015,
/// https://arxiv.org/abs/1512.03385, table 1). Layers, parameter names and their order are those of torchvision/models/resnet.py,
/// and of timm/models/resnet.py where torchvision has none, so that weights can be exchanged. Initial values are torchvision's
/// (timm also starts the last norm of each branch at zero: <see cref="ResNetOptions.ZeroInitLastNorm"/>).
/// </summary>
public sealed partial class ResNetModel : Module<Tensor, Tensor>
{
    private const int NothingFrozen = -1;

    private readonly Module<Tensor, Tensor> conv1;
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly MaxPool2d? maxpool;
    private readonly Module<Tensor, Tensor>? norm;
    private readonly AdaptiveAvgPool2d avgpool;
    private Linear fc;
    private readonly List<Sequential> _stages = [];
    private readonly List<StageShape> _shapes = [];
    private readonly List<string> _held = [];
    private int _frozenUntil = NothingFrozen;
    private bool _disposed;

    /// <summary>Builds the network with new weights, in training mode, on <see cref="ResNetOptions.Device"/>.</summary>
    /// <remarks>After the same <see cref="manual_seed"/> the weights of torchvision's networks are those that torchvision draws.</remarks>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public ResNetModel(ResNetOptions options) : base(nameof(ResNetModel))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        using var ordinary = new OrdinaryMode();

        int channels = options.StageWidths[0];
        conv1 = StemConvolutions(options, channels);
        bn1 = options.Norm.AfterConvolution(channels);
        maxpool = options.Stem == StemKind.Cifar ? null : MaxPool2d(kernel_size: 3, stride: 2, padding: 1);
        register_module(nameof(conv1), conv1);
        if (bn1 is not null) register_module(nameof(bn1), bn1);
        if (maxpool is not null) register_module(nameof(maxpool), maxpool);

        AddStages(ref channels);

        norm = options.PreActivation ? options.Norm.Create(channels) : null;
        avgpool = AdaptiveAvgPool2d(1);
        fc = Classifier(channels, options.Classes);
        if (norm is not null) register_module(nameof(norm), norm);
        register_module(nameof(avgpool), avgpool);
        register_module(nameof(fc), fc);

        DrawWeights();
        this.to(options.DType);
        this.to(options.Device);
        // A network outlives the dispose scopes it is made in, buffers of custom norms too.
        foreach (var tensor in state_dict().Values) tensor.DetachFromDisposeScope();
    }

    /// <summary>What the network was built from; <see cref="ResNetOptions.Classes"/> follows <see cref="ResetClassifier"/>.</summary>
    public ResNetOptions Options { get; private set; }

    /// <summary>Where the network is now: <see cref="ResNetOptions.Device"/>, unless it was moved since.</summary>
    public Device Device => fc.weight.device;

    /// <summary>What its weights are now, and its input has to be: <see cref="ResNetOptions.DType"/>, unless it was converted since.</summary>
    public ScalarType DType
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return fc.weight.dtype;
        }
    }

    /// <summary>How many stages there are, <c>layer1</c> to <c>layer4</c> in most networks.</summary>
    public int Stages => _stages.Count;

    /// <summary>How many times smaller than the input the last stage's output is: 32 in ImageNet's networks, 4 in CIFAR's.</summary>
    public int Reduction => _shapes[^1].Reduction;

    /// <summary>Channels and reductions of what <see cref="ForwardStages"/> gives, one for each: what a neck or a decoder is built by.</summary>
    public IReadOnlyList<StageShape> StageShapes => _shapes.AsReadOnly();

    /// <summary>Channels of the last stage's output: the length of the pooled vector.</summary>
    public int FeatureCount => (int)fc.in_features;

    /// <summary>Computes the class scores (logits).</summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device and of its type; 32×32 pixels and up make sense.</param>
    /// <returns><c>[N, classes]</c>, not yet normalised by a softmax.</returns>
    /// <exception cref="ArgumentException">The input has another shape or type.</exception>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = ForwardStem(input);
        foreach (var stage in _stages) x = x.Then(stage);
        return Classify(x).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the network without its classifier.</summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device and of its type.</param>
    /// <returns>
    /// The map before pooling <c>[N, features, H/32, W/32]</c> (sizes as <see cref="ForwardStages"/> gives them), and its average
    /// over the map <c>[N, features]</c>. The caller disposes of them.
    /// </returns>
    /// <exception cref="ArgumentException">The input has another shape or type.</exception>
    public (Tensor Map, Tensor Pooled) ForwardFeatures(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = ForwardStem(input);
        foreach (var stage in _stages) x = x.Then(stage);
        x = Activate(x);
        return (x.MoveToOuterDisposeScope(), Pool(x).MoveToOuterDisposeScope());
    }

    /// <summary>Computes the network without its classifier and keeps what lies between, as detection and segmentation backbones need it.</summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device and of its type.</param>
    /// <returns>
    /// The stem's output, then each stage's. With the standard stem <c>[N, 64, H/4, W/4]</c>, then
    /// <c>[N, 64·2ⁱ·expansion, H/2ⁱ⁺², W/2ⁱ⁺²]</c> for i = 0, 1, …, sizes rounded up and no smaller than
    /// <see cref="ResNetOptions.OutputStride"/> says; CIFAR's stem keeps the size. Those of pre-activation networks are before
    /// the next norm. The caller disposes of them.
    /// </returns>
    /// <exception cref="ArgumentException">The input has another shape or type.</exception>
    public IReadOnlyList<Tensor> ForwardStages(Tensor input)
    {
        var outputs = new List<Tensor> { ForwardStem(input) };
        foreach (var stage in _stages) outputs.Add(stage.call(outputs[^1]));
        return outputs;
    }

    /// <summary>
    /// Refuses batches whose last map is a single pixel of a single image where batch norms train: it has no variance, and
    /// libtorch would leave NaN in the running statistics. Every pass checks this; a training loop can know it before.
    /// </summary>
    /// <param name="images">How many images.</param>
    /// <param name="height">Their height in pixels.</param>
    /// <param name="width">Their width in pixels.</param>
    /// <exception cref="InvalidOptionException">It is too little.</exception>
    public void RefuseSinglePixels(long images, long height, long width)
    {
        if (images == 1 && Math.Max(height, width) <= Reduction && modules().OfType<BatchNorm2d>().Any(norm => norm.training))
        {
            throw new InvalidOptionException(
                nameof(ResNetModel), nameof(images), images,
                $"at least 2 for {height} × {width} pixels, of which this network leaves one: too few for batch normalisation in training");
        }
    }

    /// <summary>Lays the weights of the convolutions out channels-last, as libtorch computes images of many channels fastest.</summary>
    /// <remarks>Values and names stay the same. Inputs should be channels-last too: <see cref="ChannelsLast"/>.</remarks>
    /// <returns>This network.</returns>
    public ResNetModel ToChannelsLast()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
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

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        base.Dispose(disposing);
    }

    /// <summary>The stem's output, <c>[N, width, H/4, W/4]</c> or with CIFAR's stem <c>[N, width, H, W]</c>.</summary>
    internal Tensor ForwardStem(Tensor input)
    {
        Check(input);
        using var scope = NewDisposeScope();
        // The ReLU of the largest numbers is the largest of their ReLUs, and behind the pooling there are four times fewer.
        return conv1.call(input).Then(bn1).Then(maxpool).relu_().MoveToOuterDisposeScope();
    }

    /// <summary>A stage's output.</summary>
    /// <param name="stage">From 1.</param>
    /// <param name="x">The output of the stage before, left as it is.</param>
    internal Tensor ForwardStage(int stage, Tensor x) => _stages[stage - 1].call(x);

    /// <summary>The class scores for the last stage's output, which is disposed of.</summary>
    internal Tensor Classify(Tensor x)
    {
        using var scope = NewDisposeScope();
        var map = Activate(x);
        if (!ReferenceEquals(map, x)) x.Dispose();
        var pooled = Pool(map);
        map.Dispose();
        if (training && Options.Dropout > 0) pooled = functional.dropout(pooled, Options.Dropout);
        return fc.call(pooled).MoveToOuterDisposeScope();
    }

    // Pre-activation networks end with a norm and a ReLU, which their last block leaves out.
    private Tensor Activate(Tensor x) => x.NormAndReLU(norm, Options.Norm);

    private void Check(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (input.ndim != 4 || input.size(1) != Options.InputChannels || input.size(2) < 1 || input.size(3) < 1)
            throw new ArgumentException($"The input has the shape {Shape(input.shape)}, but this network takes [N, {Options.InputChannels}, H, W].", nameof(input));
        if (input.dtype != DType)
            throw new ArgumentException($"The input is {input.dtype}, but this network takes {DType}: convert it with .to(ScalarType.{DType}).", nameof(input));
        RefuseSinglePixels(input.size(0), input.size(2), input.size(3));
    }

    private Tensor Pool(Tensor x)
    {
        using var pooled = avgpool.call(x);
        return pooled.flatten(1);
    }

    private static Module<Tensor, Tensor> StemConvolutions(ResNetOptions options, int width)
    {
        bool folded = options.Norm == Norm.Folded;
        switch (options.Stem)
        {
            case StemKind.Standard:
                return Layers.Conv7x7(options.InputChannels, width, stride: 2, bias: folded);
            case StemKind.Cifar:
                return Layers.Conv3x3(options.InputChannels, width, bias: folded);
            default:
                int half = width / 2;
                var deep = Sequential();
                Layers.Append(deep, 0, Layers.Conv3x3(options.InputChannels, half, stride: 2, bias: folded));
                Layers.Append(deep, 1, options.Norm.AfterConvolution(half));
                Layers.Append(deep, 2, ReLU(inplace: true));
                Layers.Append(deep, 3, Layers.Conv3x3(half, half, bias: folded));
                Layers.Append(deep, 4, options.Norm.AfterConvolution(half));
                Layers.Append(deep, 5, ReLU(inplace: true));
                Layers.Append(deep, 6, Layers.Conv3x3(half, width, bias: folded));
                return deep;
        }
    }

    // Stages that would go beyond the output stride dilate instead of striding. The first block of such a stage still has the
    // dilation of the one before in its first 3×3 convolution, as in torchvision and timm.
    private void AddStages(ref int channels)
    {
        int reduction = Options.Stem == StemKind.Cifar ? 1 : 4;
        _shapes.Add(new StageShape("stem", channels, reduction));
        int dilation = 1;
        int index = 0;
        int blocks = Options.StageDepths.Sum();
        for (int i = 0; i < Options.StageDepths.Count; i++)
        {
            int stride = i == 0 ? 1 : 2;
            int former = dilation;
            if (Options.OutputStride < reduction * stride) (dilation, stride) = (dilation * stride, 1);
            reduction *= stride;

            var stage = Sequential();
            for (int j = 0; j < Options.StageDepths[i]; j++, index++)
            {
                stage.append(CreateBlock(new BlockOptions(channels, Options.StageWidths[i])
                {
                    Stride = j == 0 ? stride : 1,
                    Dilation = dilation,
                    FirstDilation = j == 0 ? former : null,
                    Groups = Options.Groups,
                    WidthPerGroup = Options.WidthPerGroup,
                    StridePlacement = Options.StridePlacement,
                    Shortcut = Options.Shortcut,
                    Norm = Options.Norm,
                    StochasticDepth = Options.StochasticDepth * (index + 1) / blocks,
                    PreActivate = index > 0,
                }));
                channels = Options.StageWidths[i] * Options.Expansion;
            }
            _stages.Add(stage);
            register_module($"layer{i + 1}", stage);
            _shapes.Add(new StageShape($"layer{i + 1}", channels, reduction));
        }
    }

    private IEnumerable<ResidualBlock> Blocks() => _stages.SelectMany(stage => stage.children()).Cast<ResidualBlock>();

    private ResidualBlock CreateBlock(BlockOptions options) => (Options.Block, Options.PreActivation) switch
    {
        (BlockKind.Basic, false) => new BasicBlock(options),
        (BlockKind.Basic, true) => new PreActBasicBlock(options),
        (_, false) => new Bottleneck(options),
        (_, true) => new PreActBottleneck(options),
    };

    // Where shortcuts have no norm, the outputs of all blocks add up and features grow with the square root of their number.
    // The classifier starts smaller by as much, so that the first loss is about ln(classes) at any depth.
    private Linear Classifier(long features, int classes)
    {
        var classifier = Linear(features, classes);
        if (Options is { Shortcut: ShortcutKind.ZeroPadding, PreActivation: false })
        {
            using var _ = no_grad();
            classifier.weight.DivideInPlace(Math.Sqrt(Options.StageDepths.Sum()));
        }
        return classifier;
    }

    // Convolutions as He et al. 2015 (https://arxiv.org/abs/1502.01852) over the fan-out; the rest is as its modules start.
    private void DrawWeights()
    {
        apply(module =>
        {
            if (module is Conv2d convolution)
                init.kaiming_normal_(convolution.weight, mode: init.FanInOut.FanOut, nonlinearity: init.NonlinearityType.ReLU);
        });
        if (!Options.ZeroInitLastNorm) return;
        foreach (var block in Blocks())
        {
            var weight = block.LastNorm?.get_parameter("weight")
                ?? throw new InvalidOptionException(
                    nameof(ResNetOptions), nameof(ResNetOptions.ZeroInitLastNorm), true, $"false where the norm is {Options.Norm} and has no parameter named weight");
            init.zeros_(weight);
        }
    }

    private static string Shape(long[] shape) => $"[{string.Join(", ", shape)}]";
}
