using System.Diagnostics;
using ResNet.Core.Inspection;
using ResNet.Core.Layers;
using ResNet.Inference.Execution;

namespace ResNet.Core.Passes.Threads;

/// <summary>Computes works: with the threads of a team, or with this thread alone while another caller has them.</summary>
/// <param name="team">The team, which this caller has; null for this thread alone.</param>
/// <param name="profile">Receives each work; null for none.</param>
internal sealed class PassThreads(ThreadTeam? team, Action<TrainingWork>? profile)
{
    /// <summary>The processes that compute batch norms together; null for this one alone.</summary>
    internal BatchSums? BatchSums { get; init; }

    /// <summary>The layer whose works are computed.</summary>
    internal string Layer { get; set; } = "";

    /// <summary>Computes all parts of a work.</summary>
    /// <param name="work">The work.</param>
    /// <param name="kind">What it does, for the profile.</param>
    internal void Run(Work work, TrainingWorkKind kind)
    {
        long begin = Stopwatch.GetTimestamp();
        if (team is null) work.ComputeAll();
        else team.Run(work);
        profile?.Invoke(new TrainingWork(Layer, kind, begin, Stopwatch.GetElapsedTime(begin)));
    }

    /// <summary>Computes works one after the other.</summary>
    internal void Run(IEnumerable<Work> works, TrainingWorkKind kind)
    {
        foreach (var work in works) Run(work, kind);
    }
}
