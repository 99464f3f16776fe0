using ResNet.Core.Passes.Profiles;
using ResNet.Inference.Execution;
using static TorchSharp.torch;

namespace ResNet.Core.Passes;

/// <summary>A pass forward, whose values wait for the pass backward.</summary>
internal sealed class PassRun(TrainingPass pass, ThreadTeam team, PassProfile? profile)
{
    private TrainingPass? _pass = pass;

    // libtorch takes them after the method that computes them has returned.
    private List<Tensor?>? _gradients;

    /// <summary>Whether nobody needs the values any more, unless somebody computes the gradients once more.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>The parameters, in the order of their gradients.</summary>
    internal IEnumerable<Tensor> Parameters => Pass.Parameters;

    private TrainingPass Pass => _pass ?? throw new InvalidOperationException(
        "The gradients of a network were computed again after the network had computed other images: compute the network again, too.");

    internal Tensor Forward(Tensor images) => CpuTraining.WithThreads(team, profile, threads => Pass.Forward(images, threads));

    internal IReadOnlyList<Tensor?> Backward(Tensor gradient)
    {
        _gradients = CpuTraining.WithThreads(team, profile, threads => Pass.Backward(gradient, threads));
        IsDone = true;
        return _gradients;
    }

    /// <summary>Notes that there will be no pass backward.</summary>
    internal void End() => IsDone = true;

    /// <summary>Gives the values back for another pass.</summary>
    internal void GiveBack()
    {
        _pass = null;
        foreach (var gradient in _gradients ?? []) gradient?.Dispose();
        _gradients = null;
    }
}
