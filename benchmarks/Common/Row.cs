using System.Text.Json.Serialization;

namespace Benchmarks;

/// <summary>A line of a table: two sides over the rounds.</summary>
/// <param name="Name">The name of the measurement.</param>
/// <param name="Opponent">The opponent's name.</param>
/// <param name="Unit">img/s (higher is better), or MB and s (lower is better).</param>
internal sealed record Row(string Name, string Opponent, string Unit)
{
    public const string Speed = "img/s";
    public const string Memory = "MB";
    public const string Time = "s";

    /// <summary>The name of the row in a separate table.</summary>
    [JsonIgnore]
    public string Title => Unit == Memory ? $"{Name}: peak memory" : Name;

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

    /// <summary>The ratio of our speed to theirs, round by round: above 1 if our side is faster.</summary>
    [JsonIgnore]
    public Spread Speedup => Unit == Time ? Spread.Of(_ours.Zip(_theirs, (ours, theirs) => theirs / ours)) : Ratio;

    /// <summary>The number format of the unit.</summary>
    [JsonIgnore]
    public string Format => Unit switch
    {
        Speed when Ours.Median < 100 => "0.0",
        Time => "0.00",
        _ => "#,0",
    };

    public void Add(double ours, double theirs)
    {
        _ours.Add(ours);
        _theirs.Add(theirs);
    }
}
