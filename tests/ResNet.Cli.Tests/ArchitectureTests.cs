using System.Reflection;
using System.Text.RegularExpressions;
using NetArchTest.Rules;

namespace ResNet.Cli.Tests;

/// <summary>
/// The arrows of <c>docs/architecture.md</c> match exactly the dependencies between assemblies and between their folders.
/// </summary>
public sealed partial class ArchitectureTests
{
    private static readonly Assembly[] s_assemblies =
    [
        typeof(Imaging.DecodedImage).Assembly, typeof(Inference.InferenceModel).Assembly, typeof(Core.ResNetModel).Assembly,
        typeof(Training.Loading.ImageLoader).Assembly, typeof(AspNetCore.IImageClassifier).Assembly, Assembly.Load("resnet"),
    ];

    /// <summary>The pairs of folders of an assembly without an arrow between them in the diagram.</summary>
    public static TheoryData<string, string> FoldersWithoutArrow
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var assembly in s_assemblies)
            {
                var arrows = Diagram.Arrows(Name(assembly));
                var folders = Folders(assembly);
                foreach (string from in folders)
                    foreach (string to in folders.Where(to => to != from && !arrows.Contains((from, to)))) pairs.Add(from, to);
            }
            return pairs;
        }
    }

    /// <summary>The arrows between two folders.</summary>
    public static TheoryData<string, string> FoldersWithArrow
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var (from, to) in s_assemblies.SelectMany(assembly => Diagram.Arrows(Name(assembly)))) pairs.Add(from, to);
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(FoldersWithoutArrow))]
    public void A_folder_does_not_depend_on_one_that_it_has_no_arrow_to(string from, string to) => Dependents(from, to).Should().BeEmpty();

    [Theory]
    [MemberData(nameof(FoldersWithArrow))]
    public void An_arrow_between_folders_is_a_dependency_that_there_is(string from, string to) =>
        Dependents(from, to).Should().NotBeEmpty();

    [Fact]
    public void Boxes_are_the_folders_that_there_are()
    {
        foreach (var assembly in s_assemblies) Diagram.Boxes(Name(assembly)).Should().BeEquivalentTo(Folders(assembly));
    }

    [Fact]
    public void Arrows_between_folders_lead_to_no_cycle()
    {
        foreach (var assembly in s_assemblies) Cycles(Diagram.Arrows(Name(assembly))).Should().BeEmpty();
    }

    [Fact]
    public void Folders_within_a_folder_lead_to_no_cycle()
    {
        foreach (var assembly in s_assemblies)
        {
            var types = assembly.GetTypes()
                .Where(type => type.Namespace?.StartsWith(Name(assembly) + ".", StringComparison.Ordinal) == true)
                .ToLookup(type => type.Namespace!, type => type.FullName!);
            var arrows =
                from one in types
                from other in types
                where one.Key != other.Key && Uses(assembly, one.Key, [.. other])
                select (one.Key, other.Key);
            Cycles([.. arrows]).Should().BeEmpty();
        }

        static bool Uses(Assembly assembly, string folder, string[] types) => Types.InAssembly(assembly)
            .That().ResideInNamespaceMatching($"^{Regex.Escape(folder)}$").And().HaveDependencyOnAny(types).GetTypes().Any();
    }

    [Fact]
    public void A_folder_has_at_most_fifteen_files()
    {
        string root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));
        var folders =
            from part in new[] { "src", "samples", "tests", "benchmarks" }
            from folder in Directory.EnumerateDirectories(Path.Combine(root, part), "*", SearchOption.AllDirectories)
            where Directory.EnumerateFiles(folder, "*.cs").Count() > 15
            select folder;
        folders.Should().BeEmpty();
    }

    [Fact]
    public void Assemblies_refer_to_those_below_alone_and_the_lowest_two_not_to_TorchSharp()
    {
        Ours("ResNet.Imaging").Should().BeEmpty();
        References("ResNet.Imaging").Should().NotContain(name => name.StartsWith("Torch", StringComparison.Ordinal));
        Ours("ResNet.Inference").Should().Equal("ResNet.Imaging");
        References("ResNet.Inference").Should().NotContain(name => name.StartsWith("Torch", StringComparison.Ordinal));
        Ours("ResNet.Core").Should().Equal("ResNet.Imaging", "ResNet.Inference");
        Ours("ResNet.AspNetCore").Should().Equal("ResNet.Imaging", "ResNet.Inference");
        References("ResNet.AspNetCore").Should().NotContain(name => name.StartsWith("Torch", StringComparison.Ordinal));
        Ours("ResNet.Training").Should().Equal("ResNet.Core", "ResNet.Imaging", "ResNet.Inference");

        static IEnumerable<string> Ours(string assembly) =>
            References(assembly).Where(name => name.StartsWith("ResNet.", StringComparison.Ordinal)).Order();
    }

    // Removes arrows to folders without outgoing arrows, until only those of cycles are left.
    private static HashSet<(string From, string To)> Cycles(HashSet<(string From, string To)> arrows)
    {
        var left = arrows.ToHashSet();
        while (left.RemoveWhere(arrow => !left.Any(other => other.From == arrow.To)) > 0)
        {
        }
        return left;
    }

    private static IEnumerable<string> Dependents(string from, string to)
    {
        var assembly = s_assemblies.Single(assembly => from.StartsWith(Name(assembly) + ".", StringComparison.Ordinal));
        return Types.InAssembly(assembly)
            .That().ResideInNamespace(from).And().HaveDependencyOn(to).GetTypes().Select(type => type.FullName!);
    }

    private static IEnumerable<string> References(string name) =>
        s_assemblies.Single(assembly => Name(assembly) == name).GetReferencedAssemblies().Select(reference => reference.Name!);

    private static List<string> Folders(Assembly assembly)
    {
        string prefix = Name(assembly) + ".";
        return [.. assembly.GetTypes()
            .Select(type => type.Namespace ?? "")
            .Where(space => space.StartsWith(prefix, StringComparison.Ordinal))
            .Select(space => prefix + space[prefix.Length..].Split('.')[0])
            .Distinct()];
    }

    // The assembly of the project ResNet.Cli has the name of the command, resnet.
    private static string Name(Assembly assembly) => assembly.GetName().Name is { } name && name != "resnet" ? name : "ResNet.Cli";

    /// <summary>The page's diagram: each assembly is a subgraph, and each of its nodes begins with the name of a folder.</summary>
    private static partial class Diagram
    {
        private static readonly string s_page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "architecture.md"));

        internal static HashSet<(string From, string To)> Arrows(string assembly)
        {
            string part = Part(assembly);
            var names = Names(assembly, part);
            var arrows = new HashSet<(string From, string To)>();
            const StringSplitOptions options = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
            foreach (string line in NodePattern().Replace(part, "$1").Split('\n', options))
            {
                if (names.ContainsKey(line)) continue;
                var arrow = ArrowPattern().Match(line);
                arrow.Success.Should().BeTrue("a line of the diagram should be a box, or boxes --> boxes, but one is '{0}'", line);
                foreach (string from in arrow.Groups[1].Value.Split(" & "))
                    foreach (string to in arrow.Groups[2].Value.Split(" & ")) arrows.Add((names[from], names[to]));
            }
            return arrows;
        }

        internal static List<string> Boxes(string assembly) => [.. Names(assembly, Part(assembly)).Values];

        private static string Part(string assembly) =>
            Regex.Match(s_page, $@"subgraph \w+\[{Regex.Escape(assembly)}[^\]]*\]\n(.*?)\n  end", RegexOptions.Singleline).Groups[1].Value;

        private static Dictionary<string, string> Names(string assembly, string part) =>
            NodePattern().Matches(part).ToDictionary(node => node.Groups[1].Value, node => $"{assembly}.{node.Groups[2].Value}");

        [GeneratedRegex(@"(\w+)\[(\w+)[^\]\n]*\]")]
        private static partial Regex NodePattern();

        [GeneratedRegex(@"^(\w+(?: & \w+)*) --> (\w+(?: & \w+)*)$")]
        private static partial Regex ArrowPattern();
    }
}
