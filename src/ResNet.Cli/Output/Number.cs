using System.CommandLine.Parsing;
using System.Globalization;

namespace ResNet.Cli.Output;

/// <summary>Reads the numbers of options, which have a decimal point whatever the machine's language.</summary>
internal static class Number
{
    // What is left to System.CommandLine is read with group separators: it takes 0,05 for 5.
    internal static double Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            result.AddError($"'{text}' is not a number.");
        return number;
    }
}
