using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>Runs that receive a signal to stop, or can no longer write.</summary>
[Collection(InterruptedRuns.Name)]
public sealed class StopTests(InterruptedRuns runs)
{
    [Fact]
    public void A_machine_that_is_taken_back_gets_a_checkpoint_and_the_code_that_says_resume_me() =>
        ShouldStop(ConsoleProcess.Terminate, exitCode: 75);

    [Fact]
    public void Ctrl_C_stops_a_run_that_can_be_resumed() => ShouldStop(ConsoleProcess.Interrupt, exitCode: 130);

    [Fact]
    public void A_full_disk_ends_the_run_with_a_sentence_and_it_goes_on_when_there_is_room()
    {
        using var disk = SmallDisk.Mount(megabytes: 6);
        if (disk is null) return;
        var run = runs.New("momentum", Path.Combine(disk.Path, "run"));
        ShouldFail(run, "No space left on device");
        run.Files.Should().NotBeEmpty("earlier checkpoints stay");
        run.Unfinished.Should().BeEmpty();
        disk.TryRemount("size=64m").Should().BeTrue();
        run.Finish();
        run.Results().Should().Equal(runs.Undisturbed("momentum").Results);
    }

    [Fact]
    public void A_folder_that_becomes_read_only_ends_the_run_with_a_sentence()
    {
        using var disk = SmallDisk.Mount(megabytes: 64);
        if (disk is null && (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)) return;
        var run = runs.New("everything", disk is null ? null : Path.Combine(disk.Path, "run"));
        using (var process = run.Start())
        {
            process.WaitUntil(() => run.Files.Count > 0);
            if (disk is null) File.SetUnixFileMode(run.Checkpoints, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            else disk.TryCover().Should().BeTrue();
            ShouldEndWithError(process);
        }
        if (disk is null) File.SetUnixFileMode(run.Checkpoints, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        else disk.TryUncover().Should().BeTrue();
        run.Finish();
        run.Results().Should().Equal(runs.Undisturbed("everything").Results);
    }

    [Fact]
    public void A_folder_that_is_removed_ends_the_run_with_a_sentence()
    {
        var run = runs.New("everything");
        using var process = run.Start();
        process.WaitUntil(() => run.Files.Count > 0);
        // Moves the folder as a whole: deleting its files one by one would race with the run's writes.
        Directory.Move(run.Folder, runs.NewFolder());
        ShouldEndWithError(process);
        Directory.Exists(run.Folder).Should().BeFalse();
    }

    [Fact]
    public void What_is_no_run_cannot_be_resumed()
    {
        using var process = ConsoleProcess.Start("train", "--resume", runs.NewFolder());
        ShouldEndWithError(process);
    }

    private void ShouldStop(int signal, int exitCode)
    {
        if (OperatingSystem.IsWindows()) return;
        var run = runs.New("everything");
        using (var process = run.Start())
        {
            process.WaitUntil(() => run.Files.Count > 0);
            process.Signal(signal);
            process.ExitCode().Should().Be(exitCode, process.Output);
            process.Output.Should().Contain("Stopping after this step").And.Contain($"--resume {run.Folder}", "it says how to resume");
        }
        run.Finish();
        run.Results().Should().Equal(runs.Undisturbed("everything").Results);
    }

    private static void ShouldFail(TrainingRun run, string reason)
    {
        using var process = run.Start();
        ShouldEndWithError(process);
        process.Output.Should().Contain(reason);
    }

    private static void ShouldEndWithError(ConsoleProcess process)
    {
        process.ExitCode().Should().Be(1, process.Output);
        process.Output.Should().Contain("error: ").And.NotContain("   at ", "an error message has no stack trace");
    }
}
