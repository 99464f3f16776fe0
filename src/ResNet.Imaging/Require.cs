using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using ResNet.Imaging;

namespace ResNet;

/// <summary>Checks values of options: each method returns an accepted value, or throws <see cref="InvalidOptionException"/>.</summary>
/// <remarks>The owner is the object that has the option; the exception names its type.</remarks>
internal static class Require
{
    /// <summary>A value that fulfils a condition, put in words by <paramref name="accepted"/>.</summary>
    internal static T That<T>(object owner, T value, bool condition, string accepted, [CallerMemberName] string property = "") => condition
        ? value
        : throw new InvalidOptionException(owner.GetType().Name, property, value, accepted);

    internal static T AtLeast<T>(object owner, T value, T least, [CallerMemberName] string property = "")
        where T : struct, INumber<T> => That(owner, value, value >= least && T.IsFinite(value), $"at least {Text(least)}", property);

    internal static T? AtLeast<T>(object owner, T? value, T least, [CallerMemberName] string property = "")
        where T : struct, INumber<T> => value is { } number ? AtLeast(owner, number, least, property) : null;

    internal static T Between<T>(object owner, T value, T least, T most, [CallerMemberName] string property = "")
        where T : INumber<T> => That(owner, value, value >= least && value <= most, $"between {Text(least)} and {Text(most)}", property);

    internal static double Positive(object owner, double value, [CallerMemberName] string property = "") =>
        That(owner, value, value > 0 && double.IsFinite(value), "more than 0", property);

    internal static double? Positive(object owner, double? value, [CallerMemberName] string property = "") =>
        value is { } number ? Positive(owner, number, property) : null;

    internal static ImageSize Positive(object owner, ImageSize size, [CallerMemberName] string property = "") =>
        That(owner, size, size is { Height: >= 1, Width: >= 1 }, "at least 1 × 1", property);

    internal static double Probability(object owner, double value, [CallerMemberName] string property = "") =>
        Between(owner, value, 0, 1, property);

    /// <summary>A part that is less than the whole.</summary>
    internal static double Part(object owner, double value, [CallerMemberName] string property = "") =>
        That(owner, value, value is >= 0 and < 1, "at least 0 and less than 1", property);

    /// <summary>A range of positive numbers.</summary>
    internal static (double Minimum, double Maximum) Range(
        object owner, (double Minimum, double Maximum) range, double most, [CallerMemberName] string property = "") => That(
            owner, range, range.Minimum > 0 && range.Minimum <= range.Maximum && range.Maximum <= most,
            $"two numbers more than 0, the smaller one first{(most == double.MaxValue ? "" : $", and at most {Text(most)}")}", property);

    /// <summary>A range between two bounds.</summary>
    internal static (double Minimum, double Maximum) Ordered(
        object owner, (double Minimum, double Maximum) range, double least, double most, [CallerMemberName] string property = "") => That(
            owner, range, range.Minimum >= least && range.Minimum <= range.Maximum && range.Maximum <= most,
            $"two numbers of at least {Text(least)}{(most == double.MaxValue ? "" : $" and at most {Text(most)}")}, the smaller one first",
            property);

    internal static int Channels(object owner, int value, [CallerMemberName] string property = "") =>
        That(owner, value, value is 1 or 3, "1 (grey) or 3 (colour)", property);

    internal static T Defined<T>(object owner, T value, [CallerMemberName] string property = "")
        where T : struct, Enum => That(owner, value, Enum.IsDefined(value), $"one of {string.Join(", ", Enum.GetNames<T>())}", property);

    internal static ImageInterpolation BilinearOrBicubic(
        object owner, ImageInterpolation value, [CallerMemberName] string property = "") => That(
            owner, value, value is ImageInterpolation.Bilinear or ImageInterpolation.Bicubic, "one of Bilinear, Bicubic", property);

    private static string Text<T>(T value)
        where T : INumber<T> => value.ToString(null, CultureInfo.InvariantCulture);
}
