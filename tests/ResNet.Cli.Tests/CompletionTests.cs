using System.Diagnostics;

namespace ResNet.Cli.Tests;

/// <summary>The completions that a shell gets for the Tab key.</summary>
public class CompletionTests
{
    [Theory]
    [InlineData("", new[] { "train", "evaluate", "predict", "export" })]
    [InlineData("tr", new[] { "train" })]
    [InlineData("train --netw", new[] { "--network" })]
    [InlineData("train --network resnet1", new[] { "resnet18", "resnet101", "resnet152", "resnet18d" })]
    [InlineData("train --recipe image", new[] { "imagenette-5", "imagenette-20" })]
    [InlineData("train --dataset imagenette2-", new[] { "imagenette2-160", "imagenette2-320" })]
    [InlineData("summary wide", new[] { "wide_resnet50_2", "wide_resnet101_2" })]
    public void A_line_is_completed_by_what_can_follow(string line, string[] expected)
    {
        using var process = ConsoleProcess.Start($"[suggest:{line.Length}]", line);
        process.ExitCode().Should().Be(0, process.Output);
        process.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Should().Contain(expected);
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _resnet resnet")]
    [InlineData("zsh", "compdef _resnet resnet")]
    [InlineData("fish", "complete -c resnet")]
    [InlineData("powershell", "Register-ArgumentCompleter -Native -CommandName resnet")]
    public void Each_shell_has_its_script(string shell, string registration)
    {
        using var process = ConsoleProcess.Start("completion", shell);
        process.ExitCode().Should().Be(0, process.Output);
        process.StandardOutput.Should().Contain(registration).And.Contain("[suggest:");
    }

    [Fact]
    public void Another_shell_is_refused_with_those_there_are()
    {
        using var process = ConsoleProcess.Start("completion", "tcsh");
        process.ExitCode().Should().Be(1);
        process.Output.Trim().Should().Be("error: There is no completion for 'tcsh', but for bash, zsh, fish, powershell.");
    }

    [ShellFact("bash")]
    public void Bash_completes_an_option() => Complete("bash", """
        resnet() { "$DOTNET" "$CONSOLE" "$@"; }
        eval "$(resnet completion bash)"
        COMP_LINE="resnet train --netw" COMP_POINT=23 COMP_CWORD=2 COMP_WORDS=(resnet train --netw)
        _resnet resnet
        printf '%s\n' "${COMPREPLY[@]}"
        """);

    [ShellFact("zsh")]
    public void Zsh_completes_an_option() => Complete("zsh", """
        resnet() { "$DOTNET" "$CONSOLE" "$@" }
        compdef() { }
        compadd() { shift; print -l -- "$@" }
        eval "$(resnet completion zsh)"
        words=(resnet train --netw) CURRENT=3 PREFIX=--netw
        _resnet
        """);

    [ShellFact("fish")]
    public void Fish_completes_an_option() => Complete("fish", """
        function resnet; $DOTNET $CONSOLE $argv; end
        resnet completion fish | source
        complete -C "resnet train --netw"
        """);

    private static void Complete(string shell, string script)
    {
        var start = new ProcessStartInfo(shell, ["-c", script])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["DOTNET"] = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                ["CONSOLE"] = Path.Combine(AppContext.BaseDirectory, "resnet.dll"),
            },
        };
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd().Trim().Should().Be("--network");
    }

    /// <summary>A test that needs a shell; skipped if the shell is not installed.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ShellFactAttribute : FactAttribute
    {
        public ShellFactAttribute(string shell)
        {
            string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
            if (!folders.Any(folder => File.Exists(Path.Combine(folder, shell)) || File.Exists(Path.Combine(folder, shell + ".exe"))))
                Skip = $"There is no {shell}.";
        }
    }
}
