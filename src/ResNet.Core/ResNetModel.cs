using ResNet.Core.Blocks;
using ResNet.Core.Export;
using ResNet.Core.Folding;
using ResNet.Core.Inspection;
using ResNet.Core.Layers;
using ResNet.Core.Passes;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Core.Weights.Loading;
using TorchSharp;
using TorchSharp.Modules;
using static ResNet.Core.Layers.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core;

/// <summary>
/// A residual network: a stem, stages of residual blocks, global average pooling and a linear classifier (He et al. 2015,
/// https://arxiv.org/abs/1512.03385, table 1). Layers, parameter names and their order are those of torchvision/models/resnet.py,
/// and of timm/models/resnet.py if torchvision lacks the network, so that weights can be exchanged. Initial values are torchvision's
/// (timm also starts the last norm of each branch at zero: <see cref="ResNetOptions.ZeroInitLastNorm"/>).
/// </summary>
public sealed class ResNetModel : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> conv1;
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly MaxPool2d? maxpool;
    private readonly Module<Tensor, Tensor>? norm;
    private readonly AdaptiveAvgPool2d avgpool;
    private Linear fc;
    private readonly List<Sequential> _stages = [];
    private readonly List<StageShape> _shapes = [];
    private readonly FrozenLayers _frozen = new();
    private bool _disposed;
    private CpuTraining? _cpuTraining;

    /// <summary>Builds the network with new weights, in training mode, on <see cref="ResNetOptions.Device"/>.</summary>
    /// <remarks>With the same <see cref="manual_seed"/>, torchvision's networks get the same weights as in torchvision.</remarks>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public ResNetModel(ResNetOptions options) : base(nameof(ResNetModel))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        using var ordinary = new OrdinaryMode();

        int channels = options.StageWidths[0];
        conv1 = CreateStem(channels);
        bn1 = options.Norm.AfterConvolution(channels);
        maxpool = options.Stem == StemKind.Cifar ? null : MaxPool2d(kernel_size: 3, stride: 2, padding: 1);
        register_module(nameof(conv1), conv1);
        if (bn1 is not null) register_module(nameof(bn1), bn1);
        if (maxpool is not null) register_module(nameof(maxpool), maxpool);

        channels = AddStages(channels);

        norm = options.PreActivation ? options.Norm.Create(channels) : null;
        avgpool = AdaptiveAvgPool2d(1);
        fc = CreateClassifier(channels, options.Classes);
        if (norm is not null) register_module(nameof(norm), norm);
        register_module(nameof(avgpool), avgpool);
        register_module(nameof(fc), fc);

        InitialWeights.DrawConvolutions(this);
        if (options.ZeroInitLastNorm)
            foreach (var block in _stages.SelectMany(stage => stage.children()).Cast<ResidualBlock>()) InitialWeights.ZeroLastNorm(block);
        this.to(options.DType);
        this.to(options.Device);
        // A network, with the buffers of custom norms, outlives the dispose scopes in which it is made.
        foreach (var tensor in state_dict().Values) tensor.DetachFromDisposeScope();
    }

    /// <summary>The options of the network; <see cref="ResNetOptions.Classes"/> follows <see cref="ResetClassifier"/>.</summary>
    public ResNetOptions Options { get; private set; }

    /// <summary>The device of the network: <see cref="ResNetOptions.Device"/>, unless the network was moved.</summary>
    public Device Device => fc.weight.device;

    /// <summary>The type of its weights and of its input: <see cref="ResNetOptions.DType"/>, unless the network was converted.</summary>
    public ScalarType DType
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return fc.weight.dtype;
        }
    }

    /// <summary>
    /// What computes the network in training mode on the CPU, if gradients are needed. Default: <see cref="TrainingEngine.Kernels"/>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// libtorch computes what <see cref="TrainingEngine.Kernels"/> cannot, without a word: other types than float32, modules with hooks,
    /// stochastic depth, custom norms, the shortcuts of dilated D networks, images that need gradients. Both give the same numbers but for
    /// rounding, which Winograd's algorithm makes larger and deep networks amplify.
    /// </para>
    /// <para>
    /// Only <see cref="TrainingEngine.Torch"/> computes gradients of gradients, and the gradients of a pass once more after those of a
    /// later pass: there libtorch throws, and <see cref="TrainingFailure"/> says why.
    /// </para>
    /// <para>
    /// The network keeps the memory of a pass for the next one, until it is disposed or <see cref="ReleaseTrainingMemory"/> is called. In
    /// programs that use TorchSharp before this library, call <see cref="LibTorchThreads.LimitSpinning"/> first.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of <see cref="Core.TrainingEngine"/>.</exception>
    public TrainingEngine TrainingEngine
    {
        get;
        set
        {
            if (!Enum.IsDefined(value))
                throw new ArgumentOutOfRangeException(nameof(value), $"{nameof(TrainingEngine)} is {value}, which is none.");
            field = value;
        }
    }

    /// <summary>
    /// Raised for each part of a training pass that <see cref="TrainingEngine.Kernels"/> computed, on the thread that called: a profile by
    /// layer and kind.
    /// </summary>
    public event Action<TrainingWork>? WorkComputed;

    /// <summary>
    /// Why gradients could not be computed since the latest pass, if libtorch says that they are invalid; null if none failed.
    /// </summary>
    public Exception? TrainingFailure => _cpuTraining?.Failure;

    /// <summary>The passes that were computed with kernels of this library.</summary>
    internal long OwnPassCount => _cpuTraining?.PassCount ?? 0;

    private CpuTraining Passes => _cpuTraining ??= new CpuTraining(this) { Profile = work => WorkComputed?.Invoke(work) };

    /// <summary>The number of stages: <c>layer1</c> to <c>layer4</c> in most networks.</summary>
    public int Stages => _stages.Count;

    /// <summary>The ratio of the input's size to the size of the last stage's output: 32 in ImageNet's networks, 4 in CIFAR's.</summary>
    public int Reduction => _shapes[^1].Reduction;

    /// <summary>Channels and reduction of each output of <see cref="ForwardStages"/>; necks and decoders are built from them.</summary>
    public IReadOnlyList<StageShape> StageShapes => _shapes.AsReadOnly();

    /// <summary>Channels of the last stage's output: the length of the pooled vector.</summary>
    public int FeatureCount => (int)fc.in_features;

    /// <summary>Computes the class scores (logits).</summary>
    /// <param name="input">
    /// Images <c>[N, channels, H, W]</c>, on the network's device and of its type; at least 32×32 pixels make sense.
    /// </param>
    /// <returns><c>[N, classes]</c>, not yet normalised by a softmax.</returns>
    /// <exception cref="ArgumentException">The input has another shape or type.</exception>
    public override Tensor forward(Tensor input)
    {
        Check(input);
        using var scope = NewDisposeScope();
        if (TryPass(input) is { } pooled)
            return ApplyLastLayer(new TensorValue(pooled)).Tensor.MoveToOuterDisposeScope();
        return Apply(new TensorValue(input)).Tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Says what computes the network in training mode with images of a size on the CPU, layer by layer.</summary>
    /// <param name="images">The number of images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is less than 1.</exception>
    public TrainingDescription DescribeTraining(int images, int height, int width)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        return TrainingEngine == TrainingEngine.Torch
            ? new TrainingDescription(TrainingEngine.Torch, $"{nameof(TrainingEngine)} is {nameof(TrainingEngine.Torch)}.", [])
            : Passes.Describe(new PassSize(images, Options.InputChannels, height, width));
    }

    /// <summary>
    /// Frees the memory that <see cref="TrainingEngine.Kernels"/> keeps from one pass to the next; it is taken again when it is needed.
    /// </summary>
    public void ReleaseTrainingMemory() => _cpuTraining?.Dispose();

    /// <summary>Computes the network without its classifier.</summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device and of its type.</param>
    /// <returns>
    /// The map before pooling <c>[N, features, H/32, W/32]</c> (sizes as <see cref="ForwardStages"/> gives them), and its average
    /// over the map <c>[N, features]</c>. The caller disposes both.
    /// </returns>
    /// <exception cref="ArgumentException">The input has another shape or type.</exception>
    public (Tensor Map, Tensor Pooled) ForwardFeatures(Tensor input)
    {
        Check(input);
        using var scope = NewDisposeScope();
        var map = ApplyLastNorm(ApplyStages(new TensorValue(input), x => x)).Keep();
        var pooled = ApplyPooling(map);
        return (map.Tensor.MoveToOuterDisposeScope(), pooled.Tensor.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Computes the outputs of the stem and of every stage, without the classifier, as detection and segmentation backbones need them.
    /// </summary>
    /// <param name="input">Images <c>[N, channels, H, W]</c>, on the network's device and of its type.</param>
    /// <returns>
    /// The stem's output, then each stage's. With the standard stem <c>[N, 64, H/4, W/4]</c>, then
    /// <c>[N, 64·2ⁱ·expansion, H/2ⁱ⁺², W/2ⁱ⁺²]</c> for i = 0, 1, …, sizes rounded up and no smaller than
    /// <see cref="ResNetOptions.OutputStride"/> says; CIFAR's stem keeps the size. In pre-activation networks, outputs are before
    /// the next norm. The caller disposes the tensors.
    /// </returns>
    /// <exception cref="ArgumentException">The input has another shape or type.</exception>
    public IReadOnlyList<Tensor> ForwardStages(Tensor input)
    {
        var outputs = new List<Tensor> { ForwardStem(input) };
        foreach (var stage in _stages) outputs.Add(stage.call(outputs[^1]));
        return outputs;
    }

    /// <summary>
    /// Returns whether batch norms train and a batch's last map would be a single pixel of a single image; see
    /// <see cref="RefuseSinglePixels"/>.
    /// </summary>
    /// <param name="images">The number of images.</param>
    /// <param name="height">Their height in pixels.</param>
    /// <param name="width">Their width in pixels.</param>
    public bool HasSinglePixels(long images, long height, long width) =>
        images == 1 && Math.Max(height, width) <= Reduction && modules().OfType<BatchNorm2d>().Any(norm => norm.training);

    /// <summary>
    /// Throws if batch norms train and the batch's last map is a single pixel of a single image: it has no variance, and
    /// libtorch would leave NaN in the running statistics. Every pass checks this; a training loop can check it in advance.
    /// </summary>
    /// <param name="images">The number of images.</param>
    /// <param name="height">Their height in pixels.</param>
    /// <param name="width">Their width in pixels.</param>
    /// <exception cref="InvalidOptionException">The batch is such a single pixel.</exception>
    public void RefuseSinglePixels(long images, long height, long width)
    {
        if (HasSinglePixels(images, height, width))
        {
            throw new InvalidOptionException(
                nameof(ResNetModel), nameof(images), images,
                $"at least 2 for {height} × {width} pixels, of which this network leaves one: too few for batch normalisation in training");
        }
    }

    /// <summary>Replaces the classifier by a new one, on the network's device and of its type; all other layers stay.</summary>
    /// <remarks>An existing optimizer still has the former classifier's parameters: make a new optimizer.</remarks>
    /// <param name="classes">The new number of classes, at least 1.</param>
    /// <returns>This network.</returns>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public ResNetModel ResetClassifier(int classes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var options = Options with { Classes = classes };
        using var ordinary = new OrdinaryMode();
        var former = fc;
        fc = CreateClassifier(former.in_features, classes).to(former.weight.dtype).to(former.weight.device);
        register_module(nameof(fc), null!);
        register_module(nameof(fc), fc);
        fc.train(training);
        former.Dispose();
        Options = options;
        return this;
    }

    /// <summary>
    /// Freezes the stem and the first stages: their parameters get no gradients any more, and their norms and
    /// stochastic depth stay in evaluation mode, so training does not change running statistics either.
    /// Later stages that an earlier call froze are unfrozen.
    /// </summary>
    /// <param name="untilStage">
    /// The last stage to freeze, 0 to <see cref="Stages"/>; 0 is the stem alone. With the last stage a pre-activation network's
    /// last norm is frozen too, so that only the classifier trains.
    /// </param>
    /// <returns>This network.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such stage.</exception>
    public ResNetModel Freeze(int untilStage)
    {
        if (untilStage < 0 || untilStage > Stages)
            throw new ArgumentOutOfRangeException(
                nameof(untilStage), untilStage,
                $"There is no stage {untilStage} to freeze until: this network has 0, the stem, to {Stages}.");
        List<string> layers = [nameof(conv1), nameof(bn1), .. Enumerable.Range(1, untilStage).Select(NameOfStage)];
        if (untilStage == Stages) layers.Add(nameof(norm));
        return SetFrozen(layers);
    }

    /// <summary>Unfreezes all layers that <see cref="Freeze"/> froze.</summary>
    /// <returns>This network.</returns>
    public ResNetModel Unfreeze() => SetFrozen([]);

    /// <inheritdoc/>
    /// <remarks>Layers that <see cref="Freeze"/> froze stay in evaluation mode.</remarks>
    public override void train(bool train = true)
    {
        base.train(train);
        if (train) _frozen.Evaluate(this);
    }

    /// <summary>
    /// Returns a copy for inference with TorchSharp, above all on GPUs, in which every batch norm after a convolution is folded into that
    /// convolution: fewer passes over memory, and the same outputs except for rounding. It is on the same device and of the same type, in
    /// evaluation mode and without gradients. Its weights are channels-last, for images that are channels-last
    /// (<see cref="ChannelsLast"/>) or contiguous. The norms that follow an addition, in pre-activation networks, remain. On CPUs
    /// <see cref="SaveForInference(string, InferenceExportOptions)"/> gives a faster network.
    /// </summary>
    /// <returns>The copy, which the caller disposes; this network stays as it is.</returns>
    /// <exception cref="InvalidOperationException">The norms are not batch norms.</exception>
    public ResNetModel FuseForInference()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return BatchNormFolding.Fold(this).ToChannelsLast();
    }

    /// <summary>Converts the weights of the convolutions to channels-last, libtorch's fastest memory order for many channels.</summary>
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

    /// <summary>Returns the same images or weights <c>[N, C, H, W]</c> in channels-last memory order.</summary>
    public static Tensor ChannelsLast(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        return images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns parameters and running statistics in torchvision's order: module by module, a batch norm's statistics beside
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

    /// <summary>Writes the weights to a temporary file beside the target and renames it over the target.</summary>
    /// <param name="path">The file; an existing file is replaced.</param>
    /// <param name="metadata">Texts to store with the weights; only safetensors supports them.</param>
    /// <param name="format">
    /// The format of the file. Default: safetensors. <c>torch.load(…, weights_only=True)</c> reads <see cref="WeightsFormat.PyTorch"/>.
    /// </param>
    /// <exception cref="ArgumentException">The format cannot hold the texts, or is read-only.</exception>
    /// <exception cref="IOException">The file cannot be written; an existing file stays.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed.</exception>
    public void SaveWeights(
        string path, IReadOnlyDictionary<string, string>? metadata = null, WeightsFormat format = WeightsFormat.Safetensors)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        WeightsFile.Save(path, state_dict(), metadata, format);
    }

    /// <summary>
    /// Writes a file for <c>ResNet.Inference</c>, which computes the network without TorchSharp: weights with folded batch norms, in
    /// single precision, and the plan of the layers.
    /// </summary>
    /// <param name="path">The file, a safetensors file; an existing file is replaced.</param>
    /// <param name="options">Classes, preprocessing and licence; null for none.</param>
    /// <exception cref="ArgumentException">
    /// The network has a custom norm, groups without a kernel, or weights that are not finite, or the options do not fit the network.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written; an existing file stays.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed.</exception>
    public void SaveForInference(string path, InferenceExportOptions? options = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        InferenceExporter.Export(this, options ?? new(), write => AtomicFile.Write(path, write));
    }

    /// <summary>Writes the content of a file for <c>ResNet.Inference</c> to a stream, for example to predict without a file.</summary>
    /// <param name="stream">The stream to write to; it stays open.</param>
    /// <param name="options">Classes, preprocessing and licence; null for none.</param>
    /// <exception cref="ArgumentException">
    /// The network has a custom norm, groups without a kernel, or weights that are not finite, or the options do not fit the network.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The network was disposed.</exception>
    public void SaveForInference(Stream stream, InferenceExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ObjectDisposedException.ThrowIf(_disposed, this);
        InferenceExporter.Export(this, options ?? new(), write => write(stream));
    }

    /// <summary>
    /// Reads the weights from a file of any <see cref="WeightsFormat"/>, one tensor after the other. Files of other writers fit too: a
    /// state dict under any key or prefix, such as <c>state_dict</c>, <c>model</c>, <c>module.</c> or <c>backbone.</c>, a classifier
    /// called <c>linear</c> or <c>head.fc</c>, projections called <c>shortcut</c>, and the names of Hugging Face's ResNet. The prefix
    /// that makes the most names fit is taken (<see cref="LoadReport.Prefix"/>); if several fit equally, the first of <c>state_dict</c>,
    /// <c>model_state_dict</c>, <c>model</c>, <c>model_ema</c>, <c>net</c> and the others in the order of the file.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="strict">
    /// Whether a file that does not fit is refused, without any change to the network. Default: true. Batch counts of batch norms
    /// (<c>num_batches_tracked</c>) may always be missing, unused or of another shape or type, so batch norms and frozen ones can
    /// exchange weights. If false, the tensors that fit are loaded and the report lists the others; a file without any fitting tensor is
    /// still refused.
    /// </param>
    /// <param name="newClassifier">
    /// Whether the file may have a classifier for another number of classes, one of other layers, or none. This network's classifier then
    /// keeps its weights.
    /// </param>
    /// <returns>The tensors that were loaded, and the tensors that were not.</returns>
    /// <exception cref="WeightsFileException">
    /// The file cannot be read, or its names or shapes are not the network's; the message names the network of
    /// <see cref="ResNets.Catalogue"/> that it fits, if there is one.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The network was disposed.</exception>
    public LoadReport LoadWeights(string path, bool strict = true, bool newClassifier = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return WeightsLoader.Load(state_dict(), path, strict, newClassifier);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        // Of an unreachable network, a loss may still need it.
        if (disposing) _cpuTraining?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Computes the stem's output, <c>[N, width, H/4, W/4]</c> or with CIFAR's stem <c>[N, width, H, W]</c>.</summary>
    internal Tensor ForwardStem(Tensor input)
    {
        Check(input);
        using var scope = NewDisposeScope();
        return ApplyStem(new TensorValue(input)).Tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Computes a stage's output.</summary>
    /// <param name="stage">The stage, from 1.</param>
    /// <param name="x">The output of the stage before, left as it is.</param>
    internal Tensor ForwardStage(int stage, Tensor x) => _stages[stage - 1].call(x);

    /// <summary>Computes the class scores from the last stage's output, which is left as it is.</summary>
    internal Tensor Classify(Tensor x)
    {
        using var scope = NewDisposeScope();
        return ApplyClassifier(new TensorValue(x)).Tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Defines the data flow of the network.</summary>
    /// <param name="images"><c>[N, channels, H, W]</c>.</param>
    /// <param name="afterStage">Is applied to the outputs of the stem and of each stage; null for nothing.</param>
    /// <returns><c>[N, classes]</c>.</returns>
    internal T Apply<T>(T images, Func<T, T>? afterStage = null)
        where T : struct, ILayerInput<T> => ApplyClassifier(ApplyStages(images, afterStage ?? (x => x)));

    /// <summary>Defines the data flow of the network without its classifier.</summary>
    /// <returns><c>[N, features]</c>.</returns>
    internal T ApplyUntilPooled<T>(T images)
        where T : struct, ILayerInput<T> => ApplyPooling(ApplyLastNorm(ApplyStages(images, x => x)));

    /// <summary>The layers that <see cref="ApplyUntilPooled"/> computes, with the layers that they consist of.</summary>
    internal IEnumerable<Module> ComputedLayers() => modules().Where(module => module != this && module != fc);

    private T ApplyStages<T>(T images, Func<T, T> afterStage)
        where T : struct, ILayerInput<T>
    {
        var x = afterStage(ApplyStem(images));
        foreach (var stage in _stages) x = afterStage(x.Then(stage));
        return x;
    }

    private T ApplyStem<T>(T images)
        where T : struct, ILayerInput<T> => images.Then(conv1).Then(bn1).ReluAndPool(maxpool);

    // The last block of pre-activation networks ends without norm and ReLU, so both follow here.
    private T ApplyLastNorm<T>(T x)
        where T : struct, ILayerInput<T> => norm is null ? x : x.Then(norm).Relu();

    private T ApplyPooling<T>(T map)
        where T : struct, ILayerInput<T> => map.Then(avgpool).Flatten();

    private T ApplyClassifier<T>(T x)
        where T : struct, ILayerInput<T> =>
        ApplyLastLayer(ApplyPooling(ApplyLastNorm(x)));

    private T ApplyLastLayer<T>(T pooled)
        where T : struct, ILayerInput<T> => pooled.Dropout(training ? Options.Dropout : 0).Then(fc);

    private void Check(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (input.ndim != 4 || input.size(1) != Options.InputChannels || input.size(2) < 1 || input.size(3) < 1)
            throw new ArgumentException(
                $"The input has the shape {new NumberList<long>(input.shape)}, "
                + $"but this network takes [N, {Options.InputChannels}, H, W].", nameof(input));
        if (input.dtype != DType)
            throw new ArgumentException(
                $"The input is {input.dtype}, but this network takes {DType}: convert it with .to(ScalarType.{DType}).", nameof(input));
        // Other processes may have more pixels.
        if (BatchSums.Current is null) RefuseSinglePixels(input.size(0), input.size(2), input.size(3));
    }

    /// <summary>Whether kernels of this library train the network, as it is now.</summary>
    internal bool HasTrainingKernels() => TrainingEngine == TrainingEngine.Kernels && Passes.HasPlan();

    /// <summary>
    /// Makes the latest pass write its gradients over those that the parameters have, in place of adding to them. The next pass does not.
    /// </summary>
    /// <param name="written">
    /// Told of each of these parameters when its gradient is there, on the thread that computes the gradients; null for nobody.
    /// </param>
    /// <returns>The parameters for which that happens: none if libtorch computed the pass.</returns>
    internal IReadOnlySet<Tensor> OverwriteGradients(Action<Tensor>? written = null) =>
        _cpuTraining?.OverwriteGradients(written) ?? new HashSet<Tensor>();

    private Tensor? TryPass(Tensor input)
    {
        _cpuTraining?.BeginForward();
        if (!training || TrainingEngine != TrainingEngine.Kernels) return null;
        return Passes.TryForward(input);
    }

    private Module<Tensor, Tensor> CreateStem(int width)
    {
        bool folded = Options.Norm == Norm.Folded;
        switch (Options.Stem)
        {
            case StemKind.Standard:
                return Conv7x7(Options.InputChannels, width, stride: 2, bias: folded);
            case StemKind.Cifar:
                return Conv3x3(Options.InputChannels, width, bias: folded);
            default:
                // The numbers are those of timm: a folded norm leaves a gap.
                int half = width / 2;
                var deep = Sequential();
                deep.append("0", Conv3x3(Options.InputChannels, half, stride: 2, bias: folded));
                if (Options.Norm.AfterConvolution(half) is { } first) deep.append("1", first);
                deep.append("2", ReLU(inplace: true));
                deep.append("3", Conv3x3(half, half, bias: folded));
                if (Options.Norm.AfterConvolution(half) is { } second) deep.append("4", second);
                deep.append("5", ReLU(inplace: true));
                deep.append("6", Conv3x3(half, width, bias: folded));
                return deep;
        }
    }

    // Stages that would exceed the output stride use dilation instead of a stride. The first block of such a stage still has the
    // dilation of the stage before in its first 3×3 convolution, as in torchvision and timm.
    private int AddStages(int channels)
    {
        int reduction = Options.Stem == StemKind.Cifar ? 1 : 4;
        _shapes.Add(new StageShape("stem", channels, reduction));
        int dilation = 1;
        for (int i = 0; i < Options.StageDepths.Count; i++)
        {
            int stride = i == 0 ? 1 : 2;
            int former = dilation;
            if (Options.OutputStride < reduction * stride) (dilation, stride) = (dilation * stride, 1);
            reduction *= stride;

            var stage = Sequential();
            for (int j = 0; j < Options.StageDepths[i]; j++)
            {
                stage.append(CreateBlock(i, j, channels, j == 0 ? stride : 1, dilation, j == 0 ? former : null));
                channels = Options.StageWidths[i] * Options.Expansion;
            }
            _stages.Add(stage);
            register_module(NameOfStage(i + 1), stage);
            _shapes.Add(new StageShape(NameOfStage(i + 1), channels, reduction));
        }
        return channels;
    }

    private ResidualBlock CreateBlock(int stage, int number, int channels, int stride, int dilation, int? firstDilation)
    {
        int index = Options.StageDepths.Take(stage).Sum() + number;
        var options = new BlockOptions(channels, Options.StageWidths[stage])
        {
            Stride = stride,
            Dilation = dilation,
            FirstDilation = firstDilation,
            Groups = Options.Groups,
            WidthPerGroup = Options.WidthPerGroup,
            StridePlacement = Options.StridePlacement,
            Shortcut = Options.Shortcut,
            Norm = Options.Norm,
            StochasticDepth = Options.StochasticDepth * (index + 1) / Options.StageDepths.Sum(),
            PreActivate = index > 0,
        };
        return (Options.Block, Options.PreActivation) switch
        {
            (BlockKind.Basic, false) => new BasicBlock(options),
            (BlockKind.Basic, true) => new PreActBasicBlock(options),
            (_, false) => new Bottleneck(options),
            (_, true) => new PreActBottleneck(options),
        };
    }

    private Linear CreateClassifier(long features, int classes)
    {
        var classifier = Linear(features, classes);
        if (Options is { Shortcut: ShortcutKind.ZeroPadding, PreActivation: false })
            InitialWeights.ScaleClassifier(classifier, Options.StageDepths.Sum());
        return classifier;
    }

    private ResNetModel SetFrozen(IReadOnlyCollection<string> layers)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _frozen.Set(this, layers);
        train(training);
        return this;
    }

    private static string NameOfStage(int number) => $"layer{number}";
}
