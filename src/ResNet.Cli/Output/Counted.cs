using System.Globalization;

namespace ResNet.Cli.Output;

/// <summary>Says how many there are of something: <c>1 image</c>, <c>2,000 images</c>.</summary>
internal static class Counted
{
    internal static string Images(long count) => Of(count, "image", "images");

    internal static string Classes(long count) => Of(count, "class", "classes");

    /// <summary>What a line about images ends with where some of them were skipped.</summary>
    internal static string Skipped(long count) => count > 0 ? $", {Images(count)} skipped that cannot be read" : "";

    internal static string Of(long count, string one, string several) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : several)}");
}
