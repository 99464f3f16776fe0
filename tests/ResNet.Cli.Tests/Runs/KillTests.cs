using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>A run that is killed at any moment and resumed ends with the same bits as an uninterrupted run.</summary>
[Collection(InterruptedRuns.Name)]
public sealed class KillTests(InterruptedRuns runs)
{
    private static readonly int s_kills = LongTests.AreWanted ? 20 : 2;

    [Theory]
    [InlineData("momentum")]
    [InlineData("everything")]
    public void A_run_that_is_killed_at_random_moments_and_resumed_ends_with_the_same_bits(string setUp)
    {
        var whole = runs.Undisturbed(setUp);
        var random = new Random(17);
        for (int kills = 0; kills < s_kills;)
        {
            var run = runs.New(setUp);
            bool isOver = false;
            while (!isOver && kills < s_kills)
            {
                using var process = run.Start();
                if (!process.Ends(whole.Time * random.NextDouble()) && process.Kill())
                {
                    kills++;
                    continue;
                }
                process.ExitCode().Should().Be(0, process.Output);
                isOver = true;
            }
            if (!isOver) run.Finish();
            run.Results().Should().Equal(whole.Results, "it was killed, {0} kills so far", kills);
        }
    }

    [Fact]
    public void A_run_that_is_killed_while_it_writes_checkpoints_ends_with_the_same_bits()
    {
        var whole = runs.Undisturbed("everything");
        var random = new Random(5);
        int hits = 0;
        // The file may get its final name just before the kill; that attempt does not count as a hit.
        for (int attempt = 0; hits < s_kills; attempt++)
        {
            attempt.Should().BeLessThan(20 * s_kills, "half of the kills or more should hit");
            var run = runs.New("everything");
            for (bool isOver = false; !isOver;)
            {
                using var process = run.Start();
                if (KillWriting(run, process, skip: random.Next(1, 12)))
                {
                    if (run.Unfinished.Count > 0) hits++;
                    continue;
                }
                process.ExitCode().Should().Be(0, process.Output);
                isOver = true;
            }
            run.Unfinished.Should().BeEmpty("half-written files are removed");
            run.Results().Should().Equal(whole.Results);
        }
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_and_the_run_ends_with_the_same_bits()
    {
        var whole = runs.Undisturbed("everything");
        var stopped = Stopped(checkpoints: 2);
        var random = new Random(3);
        for (int i = 0; i < s_kills; i++)
        {
            var run = stopped.CopyTo(runs.NewFolder());
            string newest = run.Files[0];
            using (var file = File.OpenWrite(newest)) file.SetLength(random.NextInt64(file.Length));
            // The file that a process leaves if it is killed while it writes.
            File.Copy(newest, $"{newest}.{Guid.NewGuid():N}.tmp");
            using var process = run.Start();
            process.ExitCode().Should().Be(0, process.Output);
            process.Output.Should().Contain(newest, "the message names the damaged checkpoint");
            run.Unfinished.Should().BeEmpty();
            run.Results().Should().Equal(whole.Results);
        }
    }

    [Fact]
    public void Where_every_checkpoint_is_damaged_the_run_is_refused_and_nothing_lost()
    {
        var run = Stopped(checkpoints: 2);
        var files = Directory.GetFiles(run.Checkpoints, "*.safetensors");
        foreach (string path in files)
        {
            using var file = File.OpenWrite(path);
            file.SetLength(file.Length - 1);
        }
        using var process = run.Start();
        process.ExitCode().Should().Be(1, process.Output);
        process.Output.Should().Contain("error: ").And.Contain(Path.GetFileName(run.Files[0])).And.NotContain("   at ");
        files.Should().OnlyContain(path => File.Exists(path));
    }

    [Fact]
    public void A_run_at_its_end_stays_as_it_is_when_it_is_resumed()
    {
        var whole = runs.Undisturbed("momentum");
        var run = whole.Run.CopyTo(runs.NewFolder());
        run.Finish();
        run.Results().Should().Equal(whole.Results);
    }

    // Makes a run and kills it after a number of checkpoints.
    private TrainingRun Stopped(int checkpoints)
    {
        var run = runs.New("everything");
        using var process = run.Start();
        process.WaitUntil(() => run.Files.Count >= checkpoints);
        process.Kill().Should().BeTrue("the run was not finished");
        return run;
    }

    // Kills the run after it has started a number of files; returns false if it ended before.
    private static bool KillWriting(TrainingRun run, ConsoleProcess process, int skip)
    {
        var seen = run.Unfinished.ToHashSet();
        int least = seen.Count + skip;
        while (!process.HasEnded)
        {
            seen.UnionWith(run.Unfinished);
            if (seen.Count >= least) return process.Kill();
        }
        return false;
    }
}
