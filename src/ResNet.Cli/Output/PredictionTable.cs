using System.Globalization;
using System.Text;
using ResNet.Core;
using ResNet.Training.Classification;

namespace ResNet.Cli.Output;

/// <summary>Predictions as comma-separated values (RFC 4180): a row for each picture.</summary>
internal static class PredictionTable
{
    /// <summary>Writes the file beside its place and renames it over a former one.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void Write(string path, IReadOnlyList<ClassifiedPicture> pictures, int count)
    {
        var text = new StringBuilder("image,error");
        for (int i = 1; i <= count; i++) text.Append(CultureInfo.InvariantCulture, $",class_{i},probability_{i}");
        text.Append('\n');
        foreach (var (image, predictions, error) in pictures)
        {
            text.Append(Quote(image)).Append(',').Append(Quote(error?.Message ?? ""));
            for (int i = 0; i < count; i++)
            {
                if (i >= predictions.Count) text.Append(",,");
                else text.Append(CultureInfo.InvariantCulture, $",{Quote(predictions[i].Class)},{predictions[i].Probability:0.######}");
            }
            text.Append('\n');
        }
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Quote(string value) => value.AsSpan().IndexOfAny(",\"\n\r") < 0
        ? value
        : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
