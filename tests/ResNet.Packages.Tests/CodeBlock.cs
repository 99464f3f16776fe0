using System.Text;
using System.Text.RegularExpressions;

namespace ResNet.Packages.Tests;

/// <summary>A block of C# in a page of the documentation.</summary>
/// <param name="Page">The page's path from the root of the repository.</param>
/// <param name="Number">Which of the page's blocks it is, from 1.</param>
/// <param name="Usings">
/// Its using directives and those of blocks of nothing else before it; where it has none, since it goes on with what was before, those of
/// all blocks before it.
/// </param>
/// <param name="Statements">The rest of it.</param>
internal sealed partial record CodeBlock(string Page, int Number, IReadOnlyList<string> Usings, string Statements)
{
    private const string Pretrained = "pretrained: true";

    /// <summary>The class that it is made a method of.</summary>
    internal string ClassName => $"{NotInNames().Replace(Page, "_")}_{Number}";

    /// <summary>Whether it begins with weights that somebody else publishes.</summary>
    internal bool Downloads =>
        Statements.Contains(Pretrained, StringComparison.Ordinal) || Statements.Contains("DownloadAsync", StringComparison.Ordinal);

    /// <summary>The same with new weights, so that what follows them runs, too.</summary>
    internal CodeBlock? WithNewWeights =>
        Statements.Contains($", {Pretrained}", StringComparison.Ordinal) && !Statements.Contains("DownloadAsync", StringComparison.Ordinal)
        ? this with { Number = Number + 100, Statements = Statements.Replace($", {Pretrained}", "", StringComparison.Ordinal) }
        : null;

    /// <summary>The blocks of a page, those that only say what they use left out.</summary>
    internal static IReadOnlyList<CodeBlock> Of(string page, string text)
    {
        var blocks = new List<CodeBlock>();
        var (shared, all) = (new List<string>(), new List<string>());
        int number = 0;
        foreach (Match match in Fence().Matches(text))
        {
            string[] lines = match.Groups["code"].Value.Split('\n');
            string[] usings = [.. lines
                .TakeWhile(line => line.Length == 0 || UsingDirective().IsMatch(line)).Where(line => line.Length > 0)];
            string statements = string.Join('\n', lines.SkipWhile(line => line.Length == 0 || UsingDirective().IsMatch(line)));
            number++;
            all.AddRange(usings);
            if (string.IsNullOrWhiteSpace(statements)) shared.AddRange(usings);
            else blocks.Add(new CodeBlock(page, number, [.. (usings.Length == 0 ? all : shared).Union(usings)], statements));
        }
        return blocks;
    }

    /// <summary>A source file with a class that runs it.</summary>
    internal string ToSource()
    {
        var source = new StringBuilder();
        foreach (string line in Usings) source.AppendLine(line);
        // Types come last, as in a program without a class of its own.
        int types = TypeDeclaration().Match(Statements) is { Success: true } first ? first.Index : Statements.Length;
        return source.AppendLine($$"""
            namespace Documented;

            internal sealed class {{ClassName}} : Given
            {
                internal static async Task Run()
                {
                    await Task.Yield();
            {{Statements[..types]}}
                }

            {{Statements[types..]}}
            }
            """).ToString();
    }

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^using (static )?[\w.]+;$")]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"^(?:sealed |internal |public )*(?:class|record|struct|interface) ", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\W")]
    private static partial Regex NotInNames();
}
