using ResNet.Core.Blocks;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Folding;

/// <summary>Follows the data flow of a network to find each convolution that a norm follows directly.</summary>
/// <param name="Norms">The norms found so far, by convolution.</param>
/// <param name="Last">The convolution that computes this value; null if another layer computes it.</param>
internal readonly record struct NormFinder(Dictionary<Conv2d, Module> Norms, Conv2d? Last = null) : ILayerInput<NormFinder>
{
    private NormFinder Other => this with { Last = null };

    public NormFinder Then(Module? layer)
    {
        switch (layer)
        {
            case null or Identity _:
                return this;
            case Sequential sequence:
                return sequence.children().Aggregate(this, (value, part) => value.Then(part));
            case ResidualBlock block:
                // Without shortcuts a norm of the next block may follow directly; a folded network keeps this norm.
                return block.Apply(this).Other;
            case Conv2d convolution:
                return this with { Last = convolution };
            case BatchNorm2d _ or FrozenBatchNorm2d when Last is not null:
                Norms.Add(Last, layer);
                return Other;
            default:
                return Other;
        }
    }

    public NormFinder Relu() => Other;

    public NormFinder ReluAndPool(MaxPool2d? pool) => Other;

    public NormFinder Flatten() => Other;

    public NormFinder Add(NormFinder other) => Other;

    public NormFinder Dropout(double rate) => Other;

    public NormFinder DropImages(double rate) => Other;

    public NormFinder Keep() => this;

    internal static Dictionary<Conv2d, Module> Find(ResNetModel network) =>
        network.Apply(new NormFinder(new(ReferenceEqualityComparer.Instance))).Norms;
}
