using System.Globalization;
using System.Numerics;

namespace ResNet.Imaging;

/// <summary>Refuses bad values of options and transforms, naming the property, the value and what is accepted.</summary>
internal static class Require
{
    public static ImageSize Positive(ImageSize size, string transform) => size is { Height: >= 1, Width: >= 1 }
        ? size
        : throw new ArgumentException($"{transform}.Size is {size}, but has to be at least 1 × 1.");

    public static double Positive(double value, string property) => value > 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentException($"{property} is {Text(value)}, but has to be more than 0.");

    public static T AtLeast<T>(T value, T least, string property)
        where T : INumber<T> => value >= least && T.IsFinite(value)
        ? value
        : throw new ArgumentException($"{property} is {Text(value)}, but has to be at least {Text(least)}.");

    public static T Between<T>(T value, T least, T most, string property)
        where T : INumber<T> => value >= least && value <= most
        ? value
        : throw new ArgumentException($"{property} is {Text(value)}, but has to be between {Text(least)} and {Text(most)}.");

    public static double Probability(double value, string property) => Between(value, 0.0, 1.0, property);

    /// <summary>A range of positive numbers.</summary>
    public static (double Minimum, double Maximum) Range((double Minimum, double Maximum) range, double most, string property) =>
        range.Minimum > 0 && range.Minimum <= range.Maximum && range.Maximum <= most
            ? range
            : throw new ArgumentException(
                $"{property} is ({Text(range.Minimum)}, {Text(range.Maximum)}), but has to be two numbers more than 0, the smaller one first"
                + $"{(double.IsInfinity(most) || most == double.MaxValue ? "" : $", and at most {Text(most)}")}.");

    /// <summary>A range between two bounds.</summary>
    public static (double Minimum, double Maximum) Ordered((double Minimum, double Maximum) range, double least, double most, string property) =>
        range.Minimum >= least && range.Minimum <= range.Maximum && range.Maximum <= most
            ? range
            : throw new ArgumentException(
                $"{property} is ({Text(range.Minimum)}, {Text(range.Maximum)}), but has to be two numbers of at least {Text(least)}"
                + $"{(most == double.MaxValue ? "" : $" and at most {Text(most)}")}, the smaller one first.");

    public static double LessThan(double value, double least, double limit, string property) => value >= least && value < limit
        ? value
        : throw new ArgumentException($"{property} is {Text(value)}, but has to be at least {Text(least)} and less than {Text(limit)}.");

    public static int Channels(int value, string property) => value is 1 or 3
        ? value
        : throw new ArgumentException($"{property} is {value}, but has to be 1 (grey) or 3 (colour).");

    public static T Defined<T>(T value, string property)
        where T : struct, Enum => Defined(value, property, Enum.GetValues<T>());

    public static T Defined<T>(T value, string property, params ReadOnlySpan<T> accepted)
        where T : struct, Enum
    {
        if (accepted.Contains(value)) return value;
        throw new ArgumentException($"{property} is {value}, but has to be one of {string.Join(", ", accepted.ToArray())}.");
    }

    private static string Text<T>(T value)
        where T : INumber<T> => value.ToString(null, CultureInfo.InvariantCulture);
}
