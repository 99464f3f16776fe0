using System.Text.Json;

namespace ResNet.Inference.Plans;

/// <summary>Whole numbers of a file's JSON.</summary>
internal static class JsonNumber
{
    /// <exception cref="FormatException">It is a fraction, or too large.</exception>
    /// <exception cref="InvalidOperationException">It is no number.</exception>
    internal static int Int32(JsonElement json) => json.TryGetInt32(out int value) ? value : throw NotWhole();

    /// <inheritdoc cref="Int32"/>
    internal static long Int64(JsonElement json) => json.TryGetInt64(out long value) ? value : throw NotWhole();

    private static FormatException NotWhole() => new("it has a fraction, or a huge number, in the place of a whole number");
}
