using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ResNet.Inference.Tests.Files;

/// <summary>
/// Changes files for inference at random: bytes, or the JSON of their header and of the plan in it. The weights mostly stay, so that
/// their checksum fits and the changes reach the checks of the plan.
/// </summary>
internal sealed class Mutator
{
    private const string Metadata = "__metadata__";

    // JsonObject has no duplicate keys, but a text may.
    private const string Duplicate = "~duplicate~";

    private static readonly string[] s_numbers =
    [
        "0", "-1", "1", "2", "3", "4", "5", "7", "15", "16", "17", "64", "65", "1000", "1048576", "1048577", "100000000", "2147483647",
        "2147483648", "-2147483648", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.5", "1e2", "1e-30", "1e300",
        "1e999",
    ];

    private static readonly string[] s_texts =
    [
        "\"NaN\"", "\"\"", "\"convolution\"", "\"pointwise\"", "\"group_norm\"", "\"mean\"", "\"subsample\"", "\"linear\"",
        "\"max_pool\"", "\"average_pool\"", "\"quantize\"", "\"int8_convolution\"", "\"int8_linear\"",
        "\"conv1.weight\"", "\"conv1.bias\"", "\"fc.weight\"", "\"fc.bias\"", "\"fc.weight_scale\"",
    ];

    private static readonly string[] s_others = ["true", "false", "null", "[]", "{}", "[1,2]"];

    private readonly byte[] _file;
    private readonly int _header;
    private readonly string _text;

    internal Mutator(byte[] file)
    {
        _file = file;
        _header = BitConverter.ToInt32(file);
        _text = Encoding.UTF8.GetString(file, sizeof(long), _header);
    }

    /// <summary>Returns a changed copy.</summary>
    internal byte[] Next(Random random) => random.Next(8) switch
    {
        0 => WithFlippedBits(random, _file.Length),
        1 => WithFlippedBits(random, sizeof(long) + _header),
        2 => WithHeader(header => Change(random, header)),
        3 => WithHeader(header => ChangeText(random, header, random.Next(2) == 0 ? "preprocessing" : "classes")),
        _ => WithHeader(header => ChangeText(random, header, "plan")),
    };

    private byte[] WithFlippedBits(Random random, int length)
    {
        byte[] file = [.. _file];
        for (int i = random.Next(1, 4); i > 0; i--) file[random.Next(length)] ^= (byte)(1 << random.Next(8));
        return file;
    }

    private byte[] WithHeader(Action<JsonObject> change)
    {
        var header = JsonNode.Parse(_text)!.AsObject();
        change(header);
        byte[] bytes = Encoding.UTF8.GetBytes(header.ToJsonString().Replace(Duplicate, "", StringComparison.Ordinal));
        return [.. BitConverter.GetBytes((long)bytes.Length), .. bytes, .. _file.AsSpan(sizeof(long) + _header)];
    }

    // A text in the metadata that is JSON itself.
    private static void ChangeText(Random random, JsonObject header, string key)
    {
        var metadata = header[Metadata]!;
        var json = JsonNode.Parse((string)metadata[key]!)!;
        for (int i = random.Next(1, 4); i > 0; i--) Change(random, json);
        metadata[key] = json.ToJsonString();
    }

    private static void Change(Random random, JsonNode root)
    {
        var containers = Containers(root).Where(node => node is JsonObject { Count: > 0 } or JsonArray { Count: > 0 }).ToList();
        if (containers.Count == 0) return;
        switch (containers[random.Next(containers.Count)])
        {
            case JsonObject json:
                ChangeObject(random, json);
                break;
            case JsonArray json:
                ChangeArray(random, json);
                break;
        }
    }

    private static void ChangeObject(Random random, JsonObject json)
    {
        string key = Key(), other = Key();
        var value = json[key]?.DeepClone();
        switch (random.Next(6))
        {
            case 0:
                json.Remove(key);
                break;
            case 1:
                json[key + Duplicate] = Value(random, value);
                break;
            case 2:
                json.Remove(key);
                json[other + "_"] = value;
                break;
            case 3:
                json[key] = json[other]?.DeepClone();
                json[other] = value;
                break;
            default:
                json[key] = Value(random, value);
                break;
        }

        string Key() => json.ElementAt(random.Next(json.Count)).Key;
    }

    private static void ChangeArray(Random random, JsonArray json)
    {
        int place = random.Next(json.Count), other = random.Next(json.Count);
        var value = json[place]?.DeepClone();
        switch (random.Next(5))
        {
            case 0:
                json.RemoveAt(place);
                break;
            case 1:
                json.Insert(other, value);
                break;
            case 2:
                json[place] = json[other]?.DeepClone();
                json[other] = value;
                break;
            default:
                json[place] = Value(random, value);
                break;
        }
    }

    // Most values keep their kind, and half of the whole numbers change by one or two, so that the plan remains plausible.
    private static JsonNode? Value(Random random, JsonNode? value)
    {
        if (random.Next(2) == 0 && value is JsonValue number && number.TryGetValue(out int old))
            return JsonValue.Create(old + random.GetItems([-2, -1, 1, 2], 1)[0]);
        string[] values = (random.Next(8), value?.GetValueKind()) switch
        {
            ( > 0, JsonValueKind.Number) => s_numbers,
            ( > 0, JsonValueKind.String) => s_texts,
            _ => random.GetItems([s_numbers, s_texts, s_others], 1)[0],
        };
        return JsonNode.Parse(values[random.Next(values.Length)]);
    }

    private static IEnumerable<JsonNode> Containers(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(entry => Containers(entry.Value)).Prepend(json),
        JsonArray json => json.SelectMany(Containers).Prepend(json),
        _ => [],
    };
}
