using System.CommandLine;

namespace Imagenette;

/// <summary><c>completion</c>: what a shell needs to complete command lines with the tabulator.</summary>
internal static class CompletionCommand
{
    // The shell asks the console itself, by the directive that System.CommandLine has for it: the cursor's place, then the line, both without the program's name.
    private const string Bash = """
        _imagenette() {
          local line=${COMP_LINE#* } IFS=$'\n'
          COMPREPLY=($(compgen -W "$("$1" "[suggest:$((COMP_POINT - ${#COMP_LINE} + ${#line}))]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _imagenette imagenette
        """;

    internal static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash." };
        var command = new Command("completion", "Prints what completes command lines in a shell, for example: eval \"$(imagenette completion bash)\"") { shell };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(shell) is not "bash" and var other) throw new ArgumentException($"There is no completion for '{other}', but for bash.");
            Console.WriteLine(Bash);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Whether a shell asks what a line could go on with.</summary>
    internal static bool IsAsked(IReadOnlyList<string> arguments) => arguments is [var directive, ..] && directive.StartsWith("[suggest", StringComparison.Ordinal);
}
