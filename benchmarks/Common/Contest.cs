namespace Benchmarks;

/// <summary>A measurement that our side and all opponents run in turn, each side in a process of its own.</summary>
/// <param name="Ours">Runs our side of the measurement once.</param>
/// <param name="Duels">The opponents.</param>
internal sealed record Contest(Func<Measurement> Ours, IReadOnlyList<Duel> Duels)
{
    public IEnumerable<Row> Rows => Duels.SelectMany(duel => duel.Rows);

    /// <summary>Runs all sides once. The side that starts changes from round to round.</summary>
    /// <param name="round">From 1.</param>
    /// <param name="same">
    /// The greatest relative difference between the others' checks and ours; null if each side has images of its own.
    /// </param>
    /// <returns>The measurements of our side and of the opponents, in their order.</returns>
    /// <exception cref="InvalidOperationException">The check of a side differs from ours.</exception>
    public IReadOnlyList<Measurement> Fight(int round, double? same = null)
    {
        Func<Measurement>[] sides = [Ours, .. Duels.Select(duel => duel.Theirs)];
        var measured = new Measurement[sides.Length];
        var order = Enumerable.Range(0, sides.Length);
        foreach (int side in round % 2 == 1 ? order : order.Reverse()) measured[side] = sides[side]();

        var ours = measured[0];
        foreach (var (duel, theirs) in Duels.Zip(measured[1..]))
        {
            duel.Add(round, ours, theirs);
            if (same is not { } part || Math.Abs(ours.Check - theirs.Check) <= part * theirs.Check) continue;
            throw new InvalidOperationException(
                $"The sides do not compute the same: {ours.Check} here and {theirs.Check} in {duel.Opponent}.");
        }
        return measured;
    }
}
