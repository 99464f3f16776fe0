using ResNet.Training.Distributed;
using ResNet.Training.Optimization.Weights;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>
/// Sums the gradients of several processes in parts, in the order in which a pass backward computes them: each part begins when it is
/// there, and travels while the earlier layers are computed.
/// </summary>
/// <remarks>
/// The parts are the same in all processes, whatever computes their gradients. Li et al. 2020, https://arxiv.org/abs/2006.15704, section
/// 3.2: buckets of a few megabytes.
/// </remarks>
internal sealed class GradientSums : IDisposable
{
    // In elements.
    private const long LengthOfPart = 1 << 20;

    private readonly ProcessGroup _group;
    private readonly List<(long Offset, Tensor Gradients)> _parts = [];

    // Those of the layers before the classifier, from the last one on.
    private readonly Tensor[] _parameters;
    private readonly long[] _offsets;
    private readonly HashSet<Tensor> _written = new(ReferenceEqualityComparer.Instance);

    // The number of the last parameters whose gradients are there, and of the parts that have begun.
    private int _complete;
    private int _begun;

    internal GradientSums(FlatWeights weights, ProcessGroup group)
    {
        _group = group;
        // The classifier is libtorch's, and its gradients come at another time.
        long total = weights.Gradients.numel();
        long end = weights.Parameters.Where(parameter => parameter.Name.StartsWith("fc.", StringComparison.Ordinal))
            .Select(parameter => parameter.Offset)
            .DefaultIfEmpty(total)
            .Min();
        var before = weights.Parameters
            .Where(parameter => parameter.Offset < end)
            .OrderByDescending(parameter => parameter.Offset)
            .ToList();
        _parameters = [.. before.Select(parameter => (Tensor)parameter.Value)];
        _offsets = [.. before.Select(parameter => parameter.Offset)];
        using var scope = NewDisposeScope();
        long from = end;
        foreach (long offset in _offsets)
        {
            if (from - offset < LengthOfPart && offset > 0) continue;
            AddPart(offset, from);
            from = offset;
        }
        AddPart(end, total);

        void AddPart(long first, long last)
        {
            if (last > first) _parts.Add((first, weights.Gradients.narrow(0, first, last - first).DetachFromDisposeScope()));
        }
    }

    /// <summary>Notes that a parameter's gradient is complete in this process, and begins the parts that are.</summary>
    internal void Add(Tensor parameter)
    {
        _written.Add(parameter);
        while (_complete < _parameters.Length && _written.Contains(_parameters[_complete])) _complete++;
        // The last part is the classifier's.
        while (_complete > 0 && _begun < _parts.Count - 1 && _parts[_begun].Offset >= _offsets[_complete - 1]) Begin();
        _group.AdvanceSums();
    }

    /// <summary>Begins the other parts, and waits for all.</summary>
    internal void Finish()
    {
        while (_begun < _parts.Count) Begin();
        _group.EndSums();
        (_complete, _begun) = (0, 0);
        _written.Clear();
    }

    public void Dispose()
    {
        foreach (var (_, gradients) in _parts) gradients.Dispose();
    }

    private void Begin() => _group.BeginSum(_parts[_begun++].Gradients);
}
