using System.IO.Enumeration;
using Microsoft.Extensions.FileSystemGlobbing;

namespace ResNet.Cli;

/// <summary>The pictures that a command line names: files, folders, patterns, and a list on standard input.</summary>
internal static class Pictures
{
    internal const string StandardInput = "-";

    /// <summary>Returns the files of each argument, in order, and a sentence for each argument without any.</summary>
    /// <param name="arguments">
    /// Files; folders, whose pictures at any depth are taken; patterns with *, ? or **, for shells that do not expand them; or
    /// <c>-</c> for paths on standard input, one on each line.
    /// </param>
    /// <param name="extensions">The endings of pictures in folders.</param>
    /// <param name="input">Standard input.</param>
    internal static (List<string> Paths, List<string> Errors) Expand(
        IEnumerable<string> arguments, IReadOnlyList<string> extensions, TextReader input)
    {
        var (paths, errors) = (new List<string>(), new List<string>());
        foreach (string argument in arguments)
        {
            if (argument == StandardInput) paths.AddRange(ReadLines(input));
            else if (Directory.Exists(argument)) Add(InFolder(argument, extensions), $"There are no pictures in the folder '{argument}'.");
            else if (argument.AsSpan().IndexOfAny('*', '?') >= 0 && !File.Exists(argument))
                Add(Matching(argument), $"No picture matches the pattern '{argument}'.");
            else paths.Add(argument);
        }
        return (paths, errors);

        void Add(IEnumerable<string> found, string error)
        {
            int before = paths.Count;
            paths.AddRange(found);
            if (paths.Count == before) errors.Add(error);
        }
    }

    private static IEnumerable<string> ReadLines(TextReader input)
    {
        while (input.ReadLine() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line)) yield return line;
        }
    }

    private static IEnumerable<string> InFolder(string folder, IReadOnlyList<string> extensions)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false };
        return Directory.EnumerateFiles(folder, "*", options)
            .Where(file => extensions.Any(extension => file.EndsWith(extension, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal);
    }

    // The part before the first wildcard is a folder; the matcher knows no ? and takes * for any characters but a separator.
    private static IEnumerable<string> Matching(string pattern)
    {
        string normal = pattern.Replace('\\', '/');
        int wildcard = normal.AsSpan().IndexOfAny('*', '?'), slash = normal.LastIndexOf('/', wildcard);
        string root = slash < 0 ? "." : slash == 0 ? "/" : normal[..slash];
        if (normal.LastIndexOf('/') > normal.IndexOf('?', StringComparison.Ordinal) && normal.Contains('?', StringComparison.Ordinal))
        {
            throw new CommandLineException(
                $"The pattern '{pattern}' has a ? in the name of a folder, but it can stand only in that of a file: write * there.");
        }
        if (!Directory.Exists(root)) return [];
        var matcher = new Matcher(StringComparison.Ordinal);
        matcher.AddInclude(normal[(slash + 1)..].Replace('?', '*'));
        var found = matcher.GetResultsInFullPath(root).Where(file => HasLengthOf(Path.GetFileName(file), Path.GetFileName(normal)));
        return found.Select(file => slash < 0 ? Path.GetRelativePath(".", file) : file).Order(StringComparer.Ordinal);
    }

    // A ? is exactly one character, so names match only in full.
    private static bool HasLengthOf(string name, string pattern) =>
        !pattern.Contains('?', StringComparison.Ordinal) || FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
