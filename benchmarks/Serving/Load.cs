using System.Text.Json;

namespace Benchmarks.Serving;

/// <summary>The answers of a service to a client.</summary>
/// <param name="AcceptedPerSecond">Pictures that were classified, per second.</param>
/// <param name="RefusedPerSecond">Pictures that were refused with status 429, per second.</param>
/// <param name="Median">The median time until a picture was classified, in seconds.</param>
/// <param name="Percentile99">The time within which 99 % of them were, in seconds.</param>
/// <param name="Longest">The longest time, in seconds.</param>
internal sealed record Load(double AcceptedPerSecond, double RefusedPerSecond, double Median, double Percentile99, double Longest)
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    public static Load Parse(string json) => JsonSerializer.Deserialize<Load>(json, s_json)!;
}
