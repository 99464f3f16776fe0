using System.Globalization;

namespace ResNet.Cli.Output;

/// <summary>Formats a number of things: <c>1 image</c>, <c>2,000 images</c>.</summary>
internal static class Counted
{
    internal static string Images(long count) => Of(count, "image", "images");

    internal static string Classes(long count) => Of(count, "class", "classes");

    /// <summary>Returns the end of a line about images, for the case that some of them were skipped.</summary>
    internal static string Skipped(long count) => count > 0 ? $", {Images(count)} skipped that cannot be read" : "";

    internal static string Of(long count, string one, string several) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : several)}");
}
