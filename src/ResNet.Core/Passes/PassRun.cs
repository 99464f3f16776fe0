using ResNet.Core.Inspection;
using ResNet.Inference.Execution;
using static TorchSharp.torch;

namespace ResNet.Core.Passes;

/// <summary>A pass forward, whose values wait for the pass backward.</summary>
internal sealed class PassRun(TrainingPass pass, ThreadTeam team, Action<TrainingWork>? profile)
{
    private TrainingPass? _pass = pass;

    private HashSet<Tensor> _overwritten = [];

    // libtorch takes them after the method that computes them has returned.
    private IReadOnlyList<Tensor?> _gradients = [];

    /// <summary>Whether nobody needs the values any more, unless somebody computes the gradients once more.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>Why the gradients could not be computed; null if they could.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>The parameters, in the order of their gradients.</summary>
    internal IEnumerable<Tensor> Parameters => Pass.Parameters;

    private TrainingPass Pass => _pass ?? throw new InvalidOperationException(
        "The gradients of a network were computed again after the network had computed other images: compute the network again, too.");

    internal Tensor Forward(Tensor images) => CpuTraining.WithThreads(team, profile, threads => Pass.Forward(images, threads));

    /// <summary>Chooses the parameters whose gradients the pass backward overwrites.</summary>
    internal IReadOnlySet<Tensor> OverwriteGradients()
    {
        // Tensors are equal if their numbers are.
        _overwritten = new(
            Parameters.Where(parameter => parameter.requires_grad && HasGradient(parameter)), ReferenceEqualityComparer.Instance);
        return _overwritten;
    }

    internal IReadOnlyList<Tensor?> Backward(Tensor gradient)
    {
        DisposeGradients();
        var gradients = CpuTraining.WithThreads(team, profile, threads => Pass.Backward(gradient, _overwritten, threads));
        _gradients = gradients;
        IsDone = true;
        return gradients;
    }

    /// <summary>Notes that there will be no pass backward.</summary>
    internal void End() => IsDone = true;

    /// <summary>Gives the values back for another pass.</summary>
    internal void GiveBack()
    {
        _pass = null;
        DisposeGradients();
    }

    // Of the kernels' order and type.
    private static bool HasGradient(Tensor parameter)
    {
        using var gradient = parameter.grad;
        return gradient is not null && gradient.dtype == ScalarType.Float32 && gradient.is_contiguous();
    }

    // The collector would find them late.
    private void DisposeGradients()
    {
        foreach (var gradient in _gradients) gradient?.Dispose();
        _gradients = [];
    }
}
