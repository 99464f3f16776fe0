using ResNet.Core.Inspection;
using ResNet.Core.Layers;
using ResNet.Inference.Execution;
using static TorchSharp.torch;

namespace ResNet.Core.Passes;

/// <summary>A pass forward, whose values wait for the pass backward.</summary>
internal sealed class PassRun(CpuTraining owner, TrainingPass pass, ThreadTeam team, Action<TrainingWork>? profile)
{
    private readonly object _gate = new();

    // Of the thread that begins the pass.
    private readonly BatchSums? _sums = BatchSums.Current;

    // Null after they were given back.
    private TrainingPass? _pass = pass;
    private bool _isDone;

    private HashSet<Tensor> _overwritten = [];
    private Action<Tensor>? _written;

    // libtorch takes the gradients after the method that computes them has returned, on the same thread.
    private int _threadOfGradients;

    /// <summary>The parameters, in the order of their gradients.</summary>
    internal IEnumerable<Tensor> Parameters => Pass.Parameters;

    private TrainingPass Pass => _pass ?? throw new InvalidOperationException(
        "The gradients of a network were computed again after the network had computed other images: compute the network again, too.");

    internal Tensor Forward(Tensor images) => CpuTraining.WithThreads(team, profile, _sums, threads => Pass.Forward(images, threads));

    /// <summary>Chooses the parameters whose gradients the pass backward overwrites.</summary>
    /// <param name="written">Told of each of them when its gradient is there; null for nobody.</param>
    internal IReadOnlySet<Tensor> OverwriteGradients(Action<Tensor>? written)
    {
        _written = written;
        // Tensors are equal if their numbers are. The gradients of a parameter that two layers share are added.
        _overwritten = new(
            Parameters.GroupBy(parameter => parameter, (IEqualityComparer<Tensor>)ReferenceEqualityComparer.Instance)
                .Where(uses => uses.Count() == 1 && uses.Key.requires_grad && HasGradient(uses.Key))
                .Select(uses => uses.Key),
            ReferenceEqualityComparer.Instance);
        return _overwritten;
    }

    internal IReadOnlyList<Tensor?> Backward(Tensor gradient)
    {
        TrainingPass values;
        lock (_gate)
        {
            values = Pass;
            _isDone = false;
        }
        try
        {
            DisposeGradients(values);
            _threadOfGradients = Environment.CurrentManagedThreadId;
            return CpuTraining.WithThreads(team, profile, _sums, threads => values.Backward(gradient, _overwritten, _written, threads));
        }
        finally
        {
            End();
        }
    }

    /// <summary>Notes that nobody needs the values any more, unless somebody computes the gradients once more.</summary>
    internal void End()
    {
        lock (_gate) _isDone = true;
    }

    /// <summary>Notes why the gradients could not be computed.</summary>
    internal void Fail(Exception failure) => owner.Failure = failure;

    /// <summary>Gives the values back for another pass, unless they are still needed.</summary>
    internal bool TryGiveBack()
    {
        lock (_gate)
        {
            if (!_isDone) return false;
            if (_pass is not null) DisposeGradients(_pass);
            _pass = null;
            return true;
        }
    }

    // Of the kernels' order and type.
    private static bool HasGradient(Tensor parameter)
    {
        using var gradient = parameter.grad;
        return gradient is not null && gradient.dtype == ScalarType.Float32 && gradient.is_contiguous();
    }

    // On other threads libtorch may not have taken them yet.
    private void DisposeGradients(TrainingPass values)
    {
        if (_threadOfGradients == Environment.CurrentManagedThreadId) values.DisposeGradients();
    }
}
