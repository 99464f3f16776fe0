using System.Text.Json.Serialization;

namespace Benchmarks;

/// <summary>A line of a table: two sides over the rounds.</summary>
/// <param name="Name">The name of the measurement.</param>
/// <param name="Opponent">The opponent's name.</param>
/// <param name="Unit">img/s and req/s (higher is better), or MB, s and ms (lower is better).</param>
internal sealed record Row(string Name, string Opponent, string Unit)
{
    public const string Speed = "img/s";
    public const string Requests = "req/s";
    public const string Memory = "MB";
    public const string Time = "s";
    public const string Latency = "ms";

    /// <summary>The opponent's name of a row whose other side is the greatest value that is allowed.</summary>
    public const string Limit = "limit";

    /// <summary>The name of the row in a separate table.</summary>
    [JsonIgnore]
    public string Title => Unit switch
    {
        Memory when Opponent != Limit => $"{Name}: peak memory",
        Latency => $"{Name}: 99th percentile",
        _ => Name,
    };

    /// <summary>The opponent's name without its setting, which follows a comma.</summary>
    [JsonIgnore]
    public string Library => Opponent.Split(',')[0];

    private readonly List<double> _ours = [];
    private readonly List<double> _theirs = [];

    /// <summary>Whether the row is only in the file and not on the performance page.</summary>
    [JsonIgnore]
    public bool IsDetail { get; init; }

    public Spread Ours => Spread.Of(_ours);

    public Spread Theirs => Spread.Of(_theirs);

    /// <summary>The ratio of our value to theirs, round by round.</summary>
    public Spread Ratio => Spread.Of(_ours.Zip(_theirs, (ours, theirs) => ours / theirs));

    /// <summary>Whether our value was greater than allowed.</summary>
    [JsonIgnore]
    public bool IsBeyondLimit => Opponent == Limit && Ratio.Max > 1;

    /// <summary>The ratio of our speed to theirs, round by round: above 1 if our side is faster.</summary>
    [JsonIgnore]
    public Spread Speedup => Unit is Time or Latency ? Spread.Of(_ours.Zip(_theirs, (ours, theirs) => theirs / ours)) : Ratio;

    /// <summary>The number format of the unit.</summary>
    [JsonIgnore]
    public string Format => Unit switch
    {
        Speed or Requests when Ours.Median < 100 => "0.0",
        Time => "0.00",
        _ => "#,0",
    };

    /// <summary>A row of one round.</summary>
    public static Row Of(string name, string opponent, string unit, double ours, double theirs)
    {
        var row = new Row(name, opponent, unit);
        row.Add(ours, theirs);
        return row;
    }

    public void Add(double ours, double theirs)
    {
        _ours.Add(ours);
        _theirs.Add(theirs);
    }
}
