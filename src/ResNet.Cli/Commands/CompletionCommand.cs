using System.CommandLine;

namespace ResNet.Cli.Commands;

/// <summary><c>completion</c>: prints the script that a shell needs to complete command lines with the Tab key.</summary>
internal static class CompletionCommand
{
    // Each shell calls the console with System.CommandLine's directive for completion: the cursor's position, then the line, both
    // without the program's name.
    // If the console has no answer, the shells complete file names.
    private static readonly (string Shell, string Script)[] s_scripts =
    [
        ("bash", """
            _resnet() {
              local line=${COMP_LINE#* } IFS=$'\n'
              local answers=$("$1" "[suggest:$((COMP_POINT - ${#COMP_LINE} + ${#line}))]" "$line" 2>/dev/null)
              COMPREPLY=($(compgen -W "$answers" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _resnet resnet
            """),
        ("zsh", """
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
            _resnet() {
              local line="${(j: :)words[2,CURRENT-1]}"
              (( CURRENT > 2 )) && line+=' '
              line+="$PREFIX"
              compadd -- ${(f)"$("${(Q)words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)"} || _files
            }
            compdef _resnet resnet
            """),
        ("fish", """
            function __resnet_complete
              set -l program (commandline -opc)[1]
              set -l line (commandline -cp | string replace -r '^\s*\S+\s?' '')
              set -l answers ($program "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -e -- (commandline -ct))
              if test (count $answers) -gt 0
                printf '%s\n' $answers
              else
                __fish_complete_path (commandline -ct)
              end
            end
            complete -c resnet -f -a '(__resnet_complete)'
            """),
        ("powershell", """
            Register-ArgumentCompleter -Native -CommandName resnet, resnet.exe -ScriptBlock {
              param($word, $command, $cursor)
              $program = $command.CommandElements[0]
              $length = $cursor - $command.Extent.StartOffset
              $line = $command.ToString().PadRight($length).Substring(0, $length)
              $line = $line.Substring([Math]::Min($line.Length, $program.Extent.Text.Length + 1))
              & $program.Value "[suggest:$($line.Length)]" $line 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
              }
            }
            """),
    ];

    internal static Command Create()
    {
        string[] names = [.. s_scripts.Select(row => row.Shell)];
        var shell = new Argument<string>("SHELL") { HelpName = "SHELL", Description = $"One of {string.Join(", ", names)}." };
        shell.CompletionSources.Add(names);
        var command = new Command(
            "completion", "Prints what completes command lines in a shell, for example: eval \"$(resnet completion bash)\"")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(shell)!;
            string script = s_scripts.FirstOrDefault(row => row.Shell == name).Script
                ?? throw new CommandLineException($"There is no completion for '{name}', but for {string.Join(", ", names)}.");
            Console.WriteLine(script);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Returns whether a shell requests completions of a line.</summary>
    internal static bool IsAsked(IReadOnlyList<string> arguments) =>
        arguments is [var directive, ..] && directive.StartsWith("[suggest", StringComparison.Ordinal);
}
