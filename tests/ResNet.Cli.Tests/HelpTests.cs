namespace ResNet.Cli.Tests;

/// <summary>The output of <c>--help</c>.</summary>
public class HelpTests
{
    private static readonly string[] s_commands =
    [
        "train", "find-lr", "evaluate", "predict", "export", "quantize", "compare", "summary", "networks", "download",
        "verify-data", "pack", "completion",
    ];

    public static TheoryData<string> Commands => [.. s_commands];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_shows_an_example(string command)
    {
        string help = Help(command);
        help.Should().MatchRegex($@"for example: .*\b{command} ");
        if (command != "completion") help.Should().Contain("--json");
    }

    [Fact]
    public void The_console_lists_its_commands_and_exit_codes()
    {
        string help = Help();
        help.Should().ContainAll(s_commands).And.ContainAll(" 0 (", " 1 (", " 75 (", " 130 (");
        help.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal)).Should()
            .NotContain(line => line.Contains(new string(' ', 60)), "no column is as wide as a list of networks");
    }

    private static string Help(params string[] command)
    {
        using var process = ConsoleProcess.Start([.. command, "--help"]);
        process.ExitCode().Should().Be(0, process.Output);
        return process.StandardOutput;
    }
}
