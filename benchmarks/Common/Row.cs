using System.Text.Json.Serialization;

namespace Benchmarks;

/// <summary>A line of a table: two sides over the rounds.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Opponent">Whom it is compared with.</param>
/// <param name="Unit">img/s, of which more is better, or MB and s, of which less is.</param>
internal sealed record Row(string Name, string Opponent, string Unit)
{
    public const string Speed = "img/s";
    public const string Memory = "MB";
    public const string Time = "s";

    /// <summary>The name in a table of its own.</summary>
    [JsonIgnore]
    public string Title => Unit == Memory ? $"{Name}: peak memory" : Name;

    /// <summary>The opponent without its setting, which comes after a comma.</summary>
    [JsonIgnore]
    public string Library => Opponent.Split(',')[0];

    private readonly List<double> _ours = [];
    private readonly List<double> _theirs = [];

    /// <summary>Whether the performance page leaves it to the file.</summary>
    [JsonIgnore]
    public bool IsDetail { get; init; }

    public Spread Ours => Spread.Of(_ours);

    public Spread Theirs => Spread.Of(_theirs);

    /// <summary>Of ours to theirs, round by round.</summary>
    public Spread Ratio => Spread.Of(_ours.Zip(_theirs, (ours, theirs) => ours / theirs));

    /// <summary>Of our speed to theirs, round by round: above 1 where we are faster.</summary>
    [JsonIgnore]
    public Spread Speedup => Unit == Time ? Spread.Of(_ours.Zip(_theirs, (ours, theirs) => theirs / ours)) : Ratio;

    /// <summary>How numbers of the unit are written.</summary>
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
