using System.Text.RegularExpressions;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>One of several processes is killed at any moment: all of them end, and the run goes on.</summary>
[Collection(InterruptedRuns.Name)]
public sealed class MpiKillTests(InterruptedRuns runs)
{
    private const string SetUp = "divided";
    private const int FewestProcesses = 2, MostProcesses = 4;

    private static readonly int s_kills = LongTests.AreWanted ? 100 : 2;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [MpiFact]
    public void With_the_same_number_of_processes_it_ends_with_the_same_bits()
    {
        var whole = runs.Undisturbed(SetUp);
        Kill(whole, random => FewestProcesses, run => run.Results().Should().Equal(whole.Results));
    }

    [MpiFact]
    public void With_any_number_of_processes_it_ends_with_all_steps()
    {
        var whole = runs.Undisturbed(SetUp);
        int steps = File.ReadAllLines(Path.Combine(whole.Run.Folder, "steps.csv")).Length;
        Kill(whole, random => random.Next(FewestProcesses, MostProcesses + 1), run =>
        {
            File.ReadAllLines(Path.Combine(run.Folder, "steps.csv")).Should().HaveCount(steps);
            run.Results().Keys.Should().BeEquivalentTo(whole.Results.Keys, "the checkpoints can be read");
        });
    }

    private void Kill(InterruptedRuns.Whole whole, Func<Random, int> choose, Action<TrainingRun> check)
    {
        var random = new Random(23);
        for (int kills = 0; kills < s_kills;)
        {
            var run = runs.New(SetUp);
            for (bool isOver = false; !isOver;)
            {
                int processes = choose(random);
                using var process = run.Start(processes);
                if (kills < s_kills && !process.Ends(whole.Time * random.NextDouble()) && process.TryKillChild(random.Next(processes)))
                {
                    kills++;
                    process.Ends(s_patience).Should().BeTrue("all processes end, after {0} kills. They wrote:\n{1}", kills, process.Output);
                    Regex.Count(process.Output, "^.*error: ", RegexOptions.Multiline).Should().BeLessThan(2, process.Output);
                    continue;
                }
                process.ExitCode().Should().Be(0, process.Output);
                isOver = true;
            }
            check(run);
        }
    }
}
