using System.CommandLine.Parsing;
using System.Globalization;

namespace ResNet.Cli.Output;

/// <summary>Reads the numbers of options, which have a decimal point in any language of the machine.</summary>
internal static class Number
{
    // System.CommandLine's own parser accepts group separators: it reads 0,05 as 5.
    internal static double Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            result.AddError($"'{text}' is not a number.");
        return number;
    }
}
