using System.Globalization;
using System.Numerics;
using System.Text;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>Converts the lines in which protocol 0 writes values (CPython's Lib/pickle.py); null stands for a line that is none.</summary>
internal static class PickledLine
{
    // The digits of a number of 255 bytes.
    private const int MaximumDigits = 615;

    /// <summary>A truth value (00 or 01), a <see cref="long"/> or a <see cref="BigInteger"/>; Python 2 writes an L at the end.</summary>
    internal static object? Integer(string line)
    {
        if (line is "00" or "01") return line == "01";
        string digits = line is [.., 'L'] ? line[..^1] : line;
        if (digits.Length > MaximumDigits
            || !BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)) return null;
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    /// <summary>A number in Python's notation: 0.1, 1e-05, nan, inf or -inf.</summary>
    internal static object? Real(string line) => line switch
    {
        "nan" => double.NaN,
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null,
    };

    /// <summary>A text of Python 2 in quotation marks, with escapes; each byte is a character.</summary>
    internal static string? Quoted(string line)
    {
        if (line.Length < 2 || line[0] is not ('\'' or '"') || line[^1] != line[0]) return null;
        var text = new StringBuilder(line.Length);
        for (int i = 1; i < line.Length - 1; i++)
        {
            if (line[i] != '\\')
            {
                text.Append(line[i]);
                continue;
            }
            string rest = line[(i + 1)..Math.Min(i + 4, line.Length - 1)];
            if (rest is ['x', var high, var low] && char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low))
            {
                text.Append((char)Convert.ToByte(rest[1..], 16));
                i += 3;
            }
            else if (rest is [var escape, ..] && "\\'\"nrt".IndexOf(escape, StringComparison.Ordinal) is >= 0 and var place)
            {
                text.Append("\\'\"\n\r\t"[place]);
                i++;
            }
            else
            {
                // Python's repr writes no others.
                return null;
            }
        }
        return text.ToString();
    }

    /// <summary>A text in Latin-1, in which other characters are \\uXXXX or \\UXXXXXXXX (Python's raw-unicode-escape).</summary>
    internal static string? Unicode(string line)
    {
        var text = new StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            int digits = line[i] == '\\' && i + 1 < line.Length ? line[i + 1] switch { 'u' => 4, 'U' => 8, _ => 0 } : -1;
            text.Append(line[i]);
            if (digits < 0) continue;
            i++;
            if (digits == 0)
            {
                text.Append(line[i]);
                continue;
            }
            if (i + digits >= line.Length
                || !int.TryParse(line.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                || code is < 0 or > 0x10FFFF) return null;
            text.Length--;
            i += digits;
            if (code > char.MaxValue) text.Append(char.ConvertFromUtf32(code));
            else text.Append((char)code);
        }
        return text.ToString();
    }
}
