using ResNet.Core.Inspection;
using ResNet.Core.Layers;
using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Threads;
using ResNet.Inference;
using ResNet.Inference.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Passes;

/// <summary>Trains a network on CPUs with kernels of this library, where there are some for all of it.</summary>
internal sealed class CpuTraining : IDisposable
{
    // So many passes may wait for their gradients at the same time before the collector looks for those that nobody needs any more.
    private const int MostWaiting = 2;

    private readonly ResNetModel _model;
    private readonly List<Entry> _passes = [];
    private readonly int _largestTile;
    private PassPlan? _plan;
    private ThreadTeam? _team;

    // The latest pass; null if libtorch computed it.
    private WeakReference<PassRun>? _latest;

    /// <param name="model">The network.</param>
    /// <param name="largestTile">The largest tile of Winograd's algorithm: 4, 2 or, for the smallest rounding errors, 0.</param>
    internal CpuTraining(ResNetModel model, int largestTile = 4)
    {
        (_model, _largestTile) = (model, largestTile);
    }

    /// <summary>Why gradients could not be computed since the latest pass forward; null if they could.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>The number of passes so far; others were left to libtorch.</summary>
    internal long PassCount { get; private set; }

    /// <summary>Receives each work of all passes; null for none.</summary>
    internal Action<TrainingWork>? Profile { get; set; }

    /// <summary>Computes the pooled vectors, if there are kernels for all of the network.</summary>
    /// <returns><c>[N, features]</c>, or null: libtorch computes it.</returns>
    internal Tensor? TryForward(Tensor images)
    {
        BeginForward();
        if (images.device_type != DeviceType.CPU || images.dtype != ScalarType.Float32 || images.requires_grad
            || !is_grad_enabled() || images.numel() is 0 or > int.MaxValue || FindPlan().Plan is not { } plan)
            return null;
        var size = new PassSize((int)images.size(0), (int)images.size(1), (int)images.size(2), (int)images.size(3));
        var run = Take(plan, size);
        Tensor pooled;
        try
        {
            pooled = PassFunction.apply([run, images, .. run.Parameters]);
        }
        catch
        {
            // TorchSharp keeps the function that threw.
            run.End();
            throw;
        }
        _latest = new WeakReference<PassRun>(run);
        PassCount++;
        // Without parameters to train, nobody asks for gradients.
        if (!pooled.requires_grad) run.End();
        return pooled;
    }

    /// <summary>Gives a computation the threads of a team, unless another caller has them.</summary>
    internal static T WithThreads<T>(ThreadTeam team, Action<TrainingWork>? profile, BatchSums? sums, Func<PassThreads, T> compute)
    {
        bool isOurs = team.TryEnter();
        try
        {
            return compute(new PassThreads(isOurs ? team : null, profile) { BatchSums = sums });
        }
        finally
        {
            if (isOurs) team.Exit();
        }
    }

    /// <summary>Forgets the latest pass, since another one begins, by whatever computes it.</summary>
    internal void BeginForward() => (_latest, Failure) = (null, null);

    /// <summary>Whether there are kernels for all of the network, as it is now.</summary>
    internal bool HasPlan() => FindPlan().Plan is not null;

    /// <summary>Makes the latest pass overwrite gradients; see <see cref="ResNetModel.OverwriteGradients"/>.</summary>
    internal IReadOnlySet<Tensor> OverwriteGradients(Action<Tensor>? written) =>
        _latest is not null && _latest.TryGetTarget(out var run) ? run.OverwriteGradients(written) : new HashSet<Tensor>();

    /// <summary>Says how the network is trained with images of a size.</summary>
    internal TrainingDescription Describe(in PassSize size)
    {
        var (plan, reason) = FindPlan();
        return plan is null
            ? Torch(reason)
            : (long)size.Images * size.Channels * size.Height * size.Width > int.MaxValue
            ? Torch($"There are kernels for batches of up to {int.MaxValue:N0} numbers only.")
            : new TrainingDescription(TrainingEngine.Kernels, null, PassDescription.Of(plan, size, _largestTile));

        static TrainingDescription Torch(string? reason) => new(TrainingEngine.Torch, reason, []);
    }

    /// <summary>Frees the memory of passes whose values nobody needs; the next pass takes new memory.</summary>
    public void Dispose()
    {
        lock (_passes)
        {
            // Those that wait for their gradients stay, with their threads.
            _passes.RemoveAll(entry => entry.TryDispose());
            if (_passes.Count > 0) return;
            _team?.Dispose();
            _team = null;
        }
    }

    // Modules may have been changed since the last pass.
    private (PassPlan? Plan, string? Reason) FindPlan()
    {
        foreach (var layer in _model.ComputedLayers())
        {
            if (layer is not nn.Module<Tensor, Tensor> module)
                return (null, $"There are no kernels to train this {layer.GetName()}.");
            if (Hooks.Has(module)) return (null, $"A {module.GetName()} has hooks, which run only if it computes by itself.");
        }
        PassPlan plan;
        try
        {
            plan = PassPlan.Of(_model);
        }
        catch (NotSupportedException e)
        {
            return (null, e.Message);
        }
        if (plan.FindUnfit() is { } name) return (null, $"There are kernels for single precision on the CPU only, which '{name}' is not.");
        if (_plan is null || !_plan.Steps.SequenceEqual(plan.Steps)) _plan = plan;
        return (_plan, null);
    }

    // A pass whose gradients are computed, or will not be, serves again. One for images of another size goes: a pass is large.
    private PassRun Take(PassPlan plan, PassSize size)
    {
        lock (_passes)
        {
            int threads = get_num_threads();
            if (_team?.Count != threads)
            {
                _team?.Dispose();
                _team = new ThreadTeam(threads);
            }
            _passes.RemoveAll(entry => !Fits(entry) && entry.TryDispose());
            var found = Find();
            if (found is null && _passes.Count >= MostWaiting)
            {
                Collect();
                found = Find();
            }
            if (found is null)
            {
                found = new Entry(new TrainingPass(plan, size, InferenceModel.Hardware, _largestTile, threads));
                _passes.Add(found);
            }
            var run = new PassRun(this, found.Pass, _team, Profile);
            found.Run.SetTarget(run);
            return run;

            bool Fits(Entry entry) => entry.Pass.Plan == plan && entry.Pass.Size == size && entry.Pass.Threads == threads;

            Entry? Find() => _passes.Find(entry => Fits(entry) && entry.TryReclaim());
        }
    }

    private static void Collect()
    {
        // The first time frees the loss and with it the graph, the second the pass.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private sealed record Entry(TrainingPass Pass)
    {
        internal WeakReference<PassRun?> Run { get; } = new(null);

        // Who computes the gradients of the former pass once more is told that its values are gone.
        internal bool TryReclaim()
        {
            if (Run.TryGetTarget(out var run)) return run.TryGiveBack();
            Pass.DisposeGradients();
            return true;
        }

        internal bool TryDispose()
        {
            if (!TryReclaim()) return false;
            Pass.Dispose();
            return true;
        }
    }
}
