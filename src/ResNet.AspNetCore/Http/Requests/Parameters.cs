using System.Globalization;

namespace ResNet.AspNetCore.Http.Requests;

/// <summary>What a request asks for, besides its pictures: from its query, the fields of a form, or JSON.</summary>
internal sealed class Parameters
{
    internal const string CountName = "count", HeatMapName = "heatMap", ClassName = "class";

    private static readonly string[] s_names = [CountName, HeatMapName, ClassName];

    // Of a sender's text in a message, in characters.
    private const int LongestText = 100;

    internal int? Count { get; private set; }

    internal HeatMapKind HeatMap { get; private set; }

    internal string? Class { get; private set; }

    /// <summary>Sets a parameter.</summary>
    /// <exception cref="RefusedRequestException">There is no such parameter, or the value is not one of its.</exception>
    internal void Set(string name, string? value)
    {
        if (Is(CountName))
        {
            Count = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1
                ? count
                : throw Refuse($"'{CountName}' is '{Cut(value)}', but has to be a number of at least 1.");
        }
        else if (Is(HeatMapName))
        {
            HeatMap = value?.ToLowerInvariant() switch
            {
                "false" => HeatMapKind.None,
                "true" => HeatMapKind.InJson,
                "png" => HeatMapKind.Png,
                _ => throw Refuse($"'{HeatMapName}' is '{Cut(value)}', but has to be true, false or png."),
            };
        }
        else if (Is(ClassName))
        {
            Class = string.IsNullOrEmpty(value) ? throw Refuse($"'{ClassName}' is empty: name a class, or leave it out.") : value;
        }
        else
        {
            if (Is("image") || Is("images") || Is("file"))
                throw Refuse($"'{name}' is no file: send the picture as one (curl -F {name}=@cat.jpg).");
            throw Unknown(name);
        }

        bool Is(string known) => string.Equals(name, known, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether there is such a parameter.</summary>
    internal static bool IsKnown(string name) => s_names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Says that there is no such parameter, and which there are.</summary>
    /// <param name="name">The name.</param>
    /// <param name="others">What can be given besides.</param>
    internal static RefusedRequestException Unknown(string name, params ReadOnlySpan<string> others) => Refuse(
        $"There is no parameter '{Cut(name)}': give {string.Join(", ", [.. others, .. s_names[..^1]])} or {s_names[^1]}.");

    /// <summary>Checks what parameters say together.</summary>
    internal void Check(int pictures)
    {
        if (Class is not null && HeatMap == HeatMapKind.None)
            throw Refuse($"'{ClassName}' is the class of the heat map: ask for one by {HeatMapName}=true.");
        if (HeatMap == HeatMapKind.Png && pictures > 1)
            throw Refuse($"{HeatMapName}=png answers a single picture, but there are {pictures}: ask for {HeatMapName}=true.");
    }

    /// <summary>The name of a parameter whose property has this name.</summary>
    internal static string NameOf(string property) => char.ToLowerInvariant(property[0]) + property[1..];

    /// <summary>The beginning of a text in a message.</summary>
    internal static string? Cut(string? text) => text is { Length: > LongestText } ? $"{text.AsSpan(0, LongestText)}…" : text;

    private static RefusedRequestException Refuse(string sentence) => new(400, sentence);
}
