using System.Text;
using System.Text.RegularExpressions;

namespace ResNet.Packages.Tests;

/// <summary>A block of C# in a page of the documentation.</summary>
/// <param name="Page">The page's path from the root of the repository.</param>
/// <param name="Number">Its number on the page, from 1.</param>
/// <param name="Usings">
/// Its using directives, and those of earlier blocks that contain nothing else. A block without using directives continues the blocks
/// before it and has the directives of all of them.
/// </param>
/// <param name="Statements">The rest of the block.</param>
internal sealed partial record CodeBlock(string Page, int Number, IReadOnlyList<string> Usings, string Statements)
{
    private const string Pretrained = "pretrained: true";

    /// <summary>The name of the class around the block.</summary>
    internal string ClassName => $"{NotInNames().Replace(Page, "_")}_{Number}";

    /// <summary>Whether it downloads published weights.</summary>
    internal bool Downloads =>
        Statements.Contains(Pretrained, StringComparison.Ordinal) || Statements.Contains("DownloadAsync", StringComparison.Ordinal);

    /// <summary>The block with new weights, so that its remaining statements run, too; null if it cannot have them.</summary>
    internal CodeBlock? WithNewWeights =>
        Statements.Contains($", {Pretrained}", StringComparison.Ordinal) && !Statements.Contains("DownloadAsync", StringComparison.Ordinal)
        ? this with { Number = Number + 100, Statements = Statements.Replace($", {Pretrained}", "", StringComparison.Ordinal) }
        : null;

    /// <summary>Returns the blocks of a page, except those with using directives alone.</summary>
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

    /// <summary>Returns a source file with a class that runs the block.</summary>
    internal string ToSource()
    {
        var source = new StringBuilder();
        foreach (string line in Usings) source.AppendLine(line);
        // Type declarations come last, as in a program of top-level statements.
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
