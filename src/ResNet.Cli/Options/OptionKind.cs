using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace ResNet.Cli.Options;

/// <summary>Describes the accepted values of an option in words, instead of by the name of a .NET type.</summary>
internal static class OptionKind
{
    internal static bool IsNumber(Option option) =>
        Type(option) is var type && (type == typeof(double) || type == typeof(int) || type == typeof(long));

    /// <summary>Returns, for example, <c>a whole number that is at most 2147483647</c>.</summary>
    /// <param name="option">The option.</param>
    /// <param name="text">The text that was given as its value.</param>
    internal static string Describe(Option option, string text)
    {
        var type = Type(option);
        return
            type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
            : type == typeof(double) ? "a number, such as 0.05"
            : type == typeof(int) ? WholeNumber(text, int.MinValue, int.MaxValue)
            : type == typeof(long) ? WholeNumber(text, long.MinValue, long.MaxValue)
            : type == typeof(bool) ? "true or false"
            : "a text";
    }

    private static Type Type(Option option) => Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;

    private static string WholeNumber(string text, long least, long most) =>
        !BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? "a whole number"
        : number < 0 ? $"a whole number that is at least {least}"
        : $"a whole number that is at most {most}";
}
