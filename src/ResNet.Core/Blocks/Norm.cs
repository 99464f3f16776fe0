using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>The kind of normalisation between a network's convolutions.</summary>
public abstract record Norm
{
    /// <summary>The accepted values of an option, for messages.</summary>
    internal const string Kinds = "Norm.Batch, Norm.Group(…), Norm.FrozenBatch, Norm.Folded or Norm.From(…)";

    private Norm()
    {
    }

    /// <summary>Batch normalisation (Ioffe and Szegedy 2015) with running statistics, as in every network of the catalogue.</summary>
    public static Norm Batch { get; } = new BatchNorm();

    /// <summary>
    /// Batch normalisation with weights and statistics that training does not change: <see cref="FrozenBatchNorm2d"/>, for
    /// fine-tuning with few images a batch. Takes the weights of networks with <see cref="Batch"/>.
    /// </summary>
    public static Norm FrozenBatch { get; } = new FrozenBatchNorm();

    /// <summary>
    /// Batch norms folded into the convolutions before them, as in <see cref="ResNetModel.FuseForInference"/>. The norms that follow
    /// an addition, in pre-activation networks, stay batch norms.
    /// </summary>
    public static Norm Folded { get; } = new FoldedNorm();

    /// <summary>Returns group normalisation (Wu and He 2018, https://arxiv.org/abs/1803.08494), independent of the batch.</summary>
    /// <param name="groups">
    /// The number of groups, at least 1; it has to divide every number of channels of the network. Default: 32, as in the paper.
    /// </param>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public static Norm Group(int groups = 32) => groups >= 1
        ? new GroupNorm(groups)
        : throw new InvalidOptionException(nameof(Norm), nameof(Group), groups, "at least 1");

    /// <summary>Returns any other normalisation.</summary>
    /// <param name="create">
    /// Makes a module for a number of channels; called once for each norm of the network. The following ReLUs and additions
    /// overwrite the module's output in place, so its gradient must not need that output, as a sigmoid's does.
    /// </param>
    public static Norm From(Func<int, Module<Tensor, Tensor>> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        return new CustomNorm(create);
    }

    /// <summary>Whether a program makes the module, of which nothing is known.</summary>
    internal virtual bool IsCustom => false;

    /// <summary>Throws, with the name of the options, if it cannot normalise a number of channels.</summary>
    internal virtual void Check(string owner, int channels)
    {
    }

    /// <summary>Makes the norm after a convolution; null if it is part of the convolution.</summary>
    internal virtual Module<Tensor, Tensor>? AfterConvolution(int channels) => Create(channels);

    /// <summary>Makes a norm that does not follow a convolution.</summary>
    internal abstract Module<Tensor, Tensor> Create(int channels);

    private sealed record BatchNorm : Norm
    {
        public override string ToString() => nameof(Batch);

        internal override Module<Tensor, Tensor> Create(int channels) => BatchNorm2d(channels);
    }

    private sealed record FrozenBatchNorm : Norm
    {
        public override string ToString() => nameof(FrozenBatch);

        internal override Module<Tensor, Tensor> Create(int channels) => new FrozenBatchNorm2d(channels);
    }

    private sealed record FoldedNorm : Norm
    {
        public override string ToString() => nameof(Folded);

        internal override Module<Tensor, Tensor>? AfterConvolution(int channels) => null;

        internal override Module<Tensor, Tensor> Create(int channels) => BatchNorm2d(channels);
    }

    private sealed record GroupNorm(int Groups) : Norm
    {
        public override string ToString() => $"{nameof(Group)}({Groups})";

        internal override void Check(string owner, int channels)
        {
            if (channels % Groups != 0)
                throw new InvalidOptionException(
                    owner, nameof(Norm), this, $"a norm for {channels} channels: choose a number of groups that divides {channels}");
        }

        internal override Module<Tensor, Tensor> Create(int channels)
        {
            Check(nameof(BlockOptions), channels);
            var norm = GroupNorm(Groups, channels);
            // TorchSharp 0.106 does not initialize these.
            init.ones_(norm.weight);
            init.zeros_(norm.bias!);
            return norm;
        }
    }

    private sealed record CustomNorm(Func<int, Module<Tensor, Tensor>> Factory) : Norm
    {
        public override string ToString() => "a custom norm";

        internal override bool IsCustom => true;

        internal override Module<Tensor, Tensor> Create(int channels) =>
            Factory(channels) ?? throw new InvalidOptionException(
                nameof(ResNetOptions), nameof(Norm), this, $"a factory that makes a module, and made none for {channels} channels");
    }
}
