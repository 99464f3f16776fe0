using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using static ResNet.Training.Reports.Charts.Html;

namespace ResNet.Training.Reports;

/// <summary>
/// A page in a single file. It contains its style and script; its security policy forbids downloads and other scripts.
/// </summary>
internal static class HtmlPage
{
    private static readonly string s_style = Resource("report.css");
    private static readonly string s_script = Resource("report.js");
    private static readonly string s_digest = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(s_script)));
    private static readonly string s_policy =
        $"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{s_digest}'";

    /// <summary>Builds a page.</summary>
    /// <param name="kind">The kind of page.</param>
    /// <param name="title">Its title.</param>
    /// <param name="subtitle">A line below it.</param>
    /// <param name="figures">The key figures, each a value and its description.</param>
    /// <param name="body">The sections, as HTML.</param>
    internal static string Create(
        string kind, string title, string? subtitle, IEnumerable<(string Value, string Name)> figures, string body)
    {
        string key = string.Concat(figures.Select(figure => $"<div><dd>{Text(figure.Value)}</dd><dt>{Text(figure.Name)}</dt></div>\n"));
        string below = subtitle is null ? "" : $"<p class=\"subtitle\">{Text(subtitle)}</p>";
        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="{s_policy}">
            <title>{Text(title)} – {Text(kind)}</title>
            <style>
            {s_style}</style>
            </head>
            <body>
            <header><p class="kind">{Text(kind)}</p><h1>{Text(title)}</h1>{below}
            <dl class="key">
            {key}</dl></header>
            <main>
            {body}</main>
            <script>{s_script}</script>
            </body>
            </html>

            """;
    }

    /// <summary>Returns a section; empty if it has no content.</summary>
    internal static string Section(string title, params IEnumerable<string> content)
    {
        string inside = string.Concat(content);
        return inside.Length == 0 ? "" : $"<section><h2>{Text(title)}</h2>\n{inside}</section>\n";
    }

    /// <summary>Returns elements side by side, as many as the page's width allows; empty if there are none.</summary>
    internal static string Grid(string type, params IEnumerable<string> content)
    {
        string inside = string.Concat(content);
        return inside.Length == 0 ? "" : $"<div class=\"grid-{type}\">\n{inside}</div>\n";
    }

    private static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
