namespace ResNet.Console.Tests;

/// <summary>What a shell is told when somebody presses the tabulator.</summary>
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
}
