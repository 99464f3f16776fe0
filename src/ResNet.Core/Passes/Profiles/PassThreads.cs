using System.Diagnostics;
using ResNet.Inference.Execution;

namespace ResNet.Core.Passes.Profiles;

/// <summary>Computes works: with the threads of a team, or with this thread alone while another caller has them.</summary>
/// <param name="team">The team, which this caller has; null for this thread alone.</param>
/// <param name="profile">Receives the times; null for none.</param>
internal sealed class PassThreads(ThreadTeam? team, PassProfile? profile)
{
    /// <summary>The layer whose works are computed.</summary>
    internal string Layer { get; set; } = "";

    /// <summary>Computes all parts of a work.</summary>
    /// <param name="work">The work.</param>
    /// <param name="kind">What it does, for the profile.</param>
    internal void Run(Work work, WorkKind kind)
    {
        long begin = Stopwatch.GetTimestamp();
        if (team is null) work.ComputeAll();
        else team.Run(work);
        profile?.Add(Layer, kind, Stopwatch.GetElapsedTime(begin));
    }

    /// <summary>Computes works one after the other.</summary>
    internal void Run(IEnumerable<Work> works, WorkKind kind)
    {
        foreach (var work in works) Run(work, kind);
    }
}
