namespace ResNet.Cli.Tests.Refusals;

/// <summary>Empty arguments, as a script with an unset variable passes them.</summary>
public sealed class EmptyArgumentTests
{
    [Theory]
    [InlineData("export", "")]
    [InlineData("compare", "", "runs/b")]
    [InlineData("verify-data", " ")]
    [InlineData("summary", "")]
    public void An_empty_argument_is_refused_in_one_sentence(params string[] arguments)
    {
        using var process = ConsoleProcess.Start(arguments);
        process.ExitCode().Should().Be(1);
        process.Output.Trim().Should().StartWith("error: ").And.NotContain("\n");
    }
}
