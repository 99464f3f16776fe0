namespace Benchmarks;

/// <summary>The measurements of one opponent and our side, run in turn, and the rows of results.</summary>
/// <param name="name">The name of the measurement.</param>
/// <param name="opponent">The opponent's name.</param>
/// <param name="theirs">Runs the opponent once, in a process of its own.</param>
/// <param name="unit">
/// The unit measured beside memory: <see cref="Row.Speed"/>, <see cref="Row.Time"/>, or <see cref="Row.Requests"/>, with which there is
/// also a row of <see cref="Row.Latency"/>.
/// </param>
internal sealed class Duel(string name, string opponent, Func<Measurement> theirs, string unit = Row.Speed)
{
    private readonly Row _work = new(name, opponent, unit);
    private readonly Row _latency = new(name, opponent, Row.Latency);
    private readonly Row _proportional = new(name, opponent, Row.Memory);
    private readonly Row _resident = new($"{name}, pages that processes share counted in each", opponent, Row.Memory) { IsDetail = true };

    public string Opponent => opponent;

    public Func<Measurement> Theirs => theirs;

    public IEnumerable<Row> Rows => [_work, .. unit == Row.Requests ? [_latency] : Array.Empty<Row>(), _proportional, _resident];

    public void Add(int round, Measurement ours, Measurement theirs)
    {
        var (our, their) = unit == Row.Time
            ? (ours.SecondsToAnswer, theirs.SecondsToAnswer)
            : (ours.ImagesPerSecond, theirs.ImagesPerSecond);
        _work.Add(our, their);
        _latency.Add(ours.Percentile99 * 1000, theirs.Percentile99 * 1000);
        _proportional.Add(ours.Memory.Proportional, theirs.Memory.Proportional);
        _resident.Add(ours.Memory.Resident, theirs.Memory.Resident);
        Console.WriteLine(
            $"round {round}: {name}: {our:N2} {unit}, {Latency(ours)}{ours.Memory.Proportional:N0} MB; "
            + $"{opponent} {their:N2} {unit}, {Latency(theirs)}{theirs.Memory.Proportional:N0} MB; ratio {our / their:0.00}");

        string Latency(Measurement side) => unit == Row.Requests ? $"99 % within {side.Percentile99:0.00} s, " : "";
    }
}
