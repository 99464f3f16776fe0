namespace Benchmarks;

/// <summary>What one opponent and we do in turn, and the rows that come of it.</summary>
/// <param name="name">What is done.</param>
/// <param name="opponent">The opponent's name.</param>
/// <param name="unit">What is measured beside memory: <see cref="Row.Speed"/> or <see cref="Row.Time"/>.</param>
internal sealed class Duel(string name, string opponent, string unit = Row.Speed)
{
    private readonly Row _work = new(name, opponent, unit);
    private readonly Row _proportional = new($"{name}: peak memory", opponent, Row.Memory);
    private readonly Row _resident = new($"{name}: peak memory, pages that processes share counted in each", opponent, Row.Memory) { IsDetail = true };

    public IEnumerable<Row> Rows => [_work, _proportional, _resident];

    public void Add(int round, Measurement ours, Measurement theirs)
    {
        var (our, their) = unit == Row.Time ? (ours.SecondsToAnswer, theirs.SecondsToAnswer) : (ours.ImagesPerSecond, theirs.ImagesPerSecond);
        _work.Add(our, their);
        _proportional.Add(ours.Memory.Proportional, theirs.Memory.Proportional);
        _resident.Add(ours.Memory.Resident, theirs.Memory.Resident);
        Console.WriteLine($"round {round}: {name}: {our:N2} {unit}, {ours.Memory.Proportional:N0} MB; {opponent} {their:N2} {unit}, {theirs.Memory.Proportional:N0} MB; ratio {our / their:0.00}");
    }

    /// <summary>Lets us and all opponents do a thing once; who goes first changes from round to round.</summary>
    /// <param name="round">From 1.</param>
    /// <param name="sides">We, and the opponents of the duels in their order.</param>
    /// <param name="duels">The duels.</param>
    /// <param name="same">How far the others' checks may be from ours, as a part of theirs; null where each side has images of its own.</param>
    /// <exception cref="InvalidOperationException">A side came to something else.</exception>
    public static IReadOnlyList<Measurement> Fight(int round, IReadOnlyList<Func<Measurement>> sides, IReadOnlyList<Duel> duels, double? same = null)
    {
        var measured = new Measurement[sides.Count];
        var order = Enumerable.Range(0, sides.Count);
        foreach (int side in round % 2 == 1 ? order : order.Reverse()) measured[side] = sides[side]();
        for (int i = 0; i < duels.Count; i++) duels[i].Add(round, measured[0], measured[i + 1]);
        for (int i = 1; i < measured.Length; i++)
        {
            if (same is { } part && !(Math.Abs(measured[0].Check - measured[i].Check) <= part * measured[i].Check))
                throw new InvalidOperationException($"The sides do not compute the same: {measured[0].Check} here and {measured[i].Check} in {duels[i - 1]._work.Opponent}.");
        }
        return measured;
    }
}
