using System.Numerics;
using System.Runtime.CompilerServices;

namespace ResNet.Core;

/// <summary>What options are checked for, and how a refusal reads.</summary>
internal static class OptionChecks
{
    internal static int AtLeastOne(string owner, int value, [CallerMemberName] string property = "") =>
        value >= 1 ? value : throw Refused(owner, property, value, "at least 1");

    /// <summary>A probability that is not certainty.</summary>
    internal static double Rate(string owner, double value, [CallerMemberName] string property = "") =>
        value is >= 0 and < 1 ? value : throw Refused(owner, property, value, "at least 0 and less than 1");

    internal static T Defined<T>(string owner, T value, [CallerMemberName] string property = "") where T : struct, Enum =>
        Enum.IsDefined(value) ? value : throw Refused(owner, property, value, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    internal static ArgumentException Refused(string owner, string property, object? value, string accepted) =>
        new(FormattableString.Invariant($"{owner}.{property} is {value ?? "null"}, but has to be {accepted}."), property);

    internal static string List<T>(IEnumerable<T>? values) where T : INumber<T> => values is null ? "null" : $"[{string.Join(", ", values)}]";
}
