using System.CommandLine;
using System.Reflection;
using Mono.Cecil;
using ResNet.Cli.Options;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization.Schedules;

namespace ResNet.Cli.Tests.Refusals;

/// <summary>The table of <see cref="OptionTable"/> against the code of the commands and of the libraries.</summary>
public sealed class OptionTableTests
{
    // RandomChoice consists of transforms with rows of their own; WarmupStart is copied from a recipe.
    private static readonly string[] s_neverTyped = [nameof(RandomChoice), nameof(LearningRateSchedule.WarmupStart)];

    [Fact]
    public void Every_option_that_a_command_sets_and_a_library_may_refuse_has_a_row()
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        using var commands = ModuleDefinition.ReadModule(
            typeof(OptionTable).Assembly.Location, new ReaderParameters { AssemblyResolver = resolver });
        var used = commands.GetTypes().SelectMany(type => type.Methods).SelectMany(Calls)
            .Where(IsOfLibrary)
            .Select(method => method.Resolve()).Distinct().Where(MayRefuse).ToList();
        used.Should().HaveCountGreaterThan(25, "the commands use that many properties and methods");

        var missing = used.SelectMany(Missing).Where(name => !s_neverTyped.Any(never => name.Contains(never, StringComparison.Ordinal)));
        missing.Should().BeEmpty("an option that a command sets and a library may refuse needs a row");
    }

    [Fact]
    public void Every_row_names_an_option_or_argument_of_a_command()
    {
        var symbols = Commands().SelectMany(command => command.Options.Concat<Symbol>(command.Arguments));
        var names = symbols.Select(symbol => symbol.Name).ToHashSet();
        OptionTable.Rows.Where(row => !names.Contains(row.Option)).Should().BeEmpty();
        OptionTable.Rows.Should().OnlyHaveUniqueItems();
    }

    private static IEnumerable<Command> Commands() =>
        from type in typeof(OptionTable).Assembly.GetTypes()
        where type.Namespace == "ResNet.Cli.Commands"
        let create = type.GetMethod("Create", BindingFlags.Static | BindingFlags.NonPublic)
        where create?.ReturnType == typeof(Command)
        select (Command)create.Invoke(null, [.. create.GetParameters().Select(_ => (object)CancellationToken.None)])!;

    private static IEnumerable<MethodReference> Calls(MethodDefinition method) =>
        method.HasBody ? method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>() : [];

    private static bool IsOfLibrary(MethodReference method) =>
        method.DeclaringType.Scope is AssemblyNameReference { Name: var name } && name.StartsWith("ResNet.", StringComparison.Ordinal);

    private static bool MayRefuse(MethodDefinition method) => Calls(method).Any(call => call.DeclaringType.FullName is "ResNet.Require"
        || (call.DeclaringType.FullName == typeof(InvalidOptionException).FullName && call.Name == ".ctor"));

    // A setter has the name of its property, and each public type that inherits it is an owner; other methods name a property or
    // parameter in their code.
    private static IEnumerable<string> Missing(MethodDefinition method)
    {
        if (!method.IsSetter)
        {
            var names = method.Body.Instructions.Select(instruction => instruction.Operand).OfType<string>().ToHashSet();
            return OptionTable.Rows.Any(row => names.Contains(row.Property)) ? [] : [method.FullName];
        }
        string property = method.Name["set_".Length..];
        return Owners(method.DeclaringType)
            .Where(owner => !OptionTable.Rows.Any(row => row.Owner == owner && row.Property == property))
            .Select(owner => $"{owner}.{property}");
    }

    private static IEnumerable<string> Owners(TypeDefinition type) => type.IsAbstract
        ? type.Module.Types.Where(derived => derived.IsPublic && derived.BaseType?.FullName == type.FullName).SelectMany(Owners)
        : [type.Name];
}
