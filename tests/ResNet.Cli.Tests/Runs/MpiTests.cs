using System.Diagnostics;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>Runs on several processes, which <c>mpirun</c> starts.</summary>
[Collection(InterruptedRuns.Name)]
public sealed class MpiTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public MpiTests() => TinyPictures.Write(Pictures, training: 480);

    private string Pictures => _folder.File("pictures");

    private string Run => _folder.File("run");

    public void Dispose() => _folder.Dispose();

    [MpiFact]
    public void Two_processes_train_one_network_and_print_once()
    {
        using var process = Start(2, Run, batch: 16, "--epochs", "2");
        process.ExitCode().Should().Be(0, process.Output);
        string[] lines = process.StandardOutput.Split('\n');
        lines.Should().ContainSingle(line => line.StartsWith("Training resnet20 (", StringComparison.Ordinal))
            .Which.Should().Contain(
                " on cpu, 2 processes of 1 thread: 480 images of 2 classes, 2 epochs of 30 batches of 16 (8 a process)");
        lines.Should().ContainSingle(line => line.StartsWith("Epoch 2/2: train loss ", StringComparison.Ordinal));
        process.Output.Should().NotContain("mpirun", "all processes ended well");
        File.Exists(Path.Combine(Run, "weights.safetensors")).Should().BeTrue();
        File.ReadAllLines(Path.Combine(Run, "steps.csv")).Should().HaveCount(61);
        File.ReadAllLines(Path.Combine(Run, "metrics.csv"))[^1].Should().MatchRegex(@",2,\d+\.\d$");
        File.ReadAllText(Path.Combine(Run, "report.html")).Should().Contain("<dt>processes, of which the first waited ");
    }

    [MpiFact]
    public void A_run_that_is_terminated_leaves_a_checkpoint_and_goes_on_with_the_same_bits()
    {
        string undisturbed = _folder.File("undisturbed");
        using (var process = Start(2, undisturbed, batch: 16, "--epochs", "24")) process.ExitCode().Should().Be(0, process.Output);
        using (var process = Start(2, Run, batch: 16, "--epochs", "24"))
        {
            process.WaitUntil(() => process.Output.Contains("Epoch 1/24", StringComparison.Ordinal));
            process.Signal(ConsoleProcess.Terminate);
            process.ExitCode().Should().NotBe(0, process.Output);
            process.Output.Should().MatchRegex(@"Stopped after \d+ steps; go on by: mpirun -n 2 --bind-to none resnet train --resume ");
        }
        Directory.GetFiles(Path.Combine(Run, "checkpoints")).Should().NotBeEmpty();
        using (var process = ConsoleProcess.StartTogether(2, "train", "--resume", Run)) process.ExitCode().Should().Be(0, process.Output);
        foreach (string file in new[] { "weights.safetensors", "steps.csv" })
            File.ReadAllBytes(Path.Combine(Run, file)).Should().Equal(File.ReadAllBytes(Path.Combine(undisturbed, file)), file);
    }

    [MpiFact]
    public void If_a_process_is_killed_all_end_soon_and_the_run_goes_on_with_another_number()
    {
        using (var process = Start(3, Run, batch: 18, "--epochs", "50"))
        {
            process.WaitUntil(() => process.Output.Contains("Epoch 1/50", StringComparison.Ordinal));
            process.KillChild(1);
            process.Ends(s_patience).Should().BeTrue();
            process.ExitCode().Should().NotBe(0);
            process.Output.Split('\n').Should().ContainSingle(line => line.Contains("error: ", StringComparison.Ordinal))
                .Which.Should().EndWith("error: Process 1 (of 0 to 2) has ended or cannot be reached: go on from the last checkpoint.");
            process.Output.Should().Contain($"Stopped; go on by: mpirun -n 3 --bind-to none resnet train --resume {Run}");
        }
        Directory.GetFiles(Path.Combine(Run, "checkpoints")).Should().NotBeEmpty();
        using (var process = ConsoleProcess.StartTogether(4, "train", "--resume", Run))
        {
            process.ExitCode().Should().Be(1);
            Errors(process).Should().ContainSingle().Which.Should().StartWith(
                "error: The run has batches of 18 images, which 4 processes cannot divide: ");
        }
        using var resumed = ConsoleProcess.StartTogether(2, "train", "--resume", Run);
        resumed.WaitUntil(() => resumed.Output.Contains("Resuming resnet20", StringComparison.Ordinal));
        resumed.WaitUntil(() => resumed.Output.Contains("Epoch 3/50", StringComparison.Ordinal));
    }

    [MpiFact]
    public void A_batch_that_cannot_be_divided_is_refused_in_a_sentence()
    {
        using var process = Start(2, Run, batch: 15);
        process.ExitCode().Should().Be(1);
        Errors(process).Should().Equal("error: --batch-size is 15, but has to be a multiple of 2, the number of processes.");
        using var usual = ConsoleProcess.StartTogether(3, "train", "--dataset", Pictures, "--network", "resnet20", "--output", Run);
        usual.ExitCode().Should().Be(1);
        Errors(usual).Should().Equal("error: --batch-size is 128, but has to be a multiple of 3, the number of processes.");
        Directory.Exists(Run).Should().BeFalse("nothing has begun");
    }

    [MpiFact]
    public void What_all_processes_refuse_one_of_them_says()
    {
        string[][] mistakes = [["--epochs", "none"], ["--learning-rate", "-1"], ["--network", "resnet19"]];
        foreach (string[] arguments in mistakes.Select(mistake => new[] { "--dataset", Pictures }.Concat(mistake).ToArray())
            .Append(["--dataset", _folder.File("missing")]))
        {
            using var process = ConsoleProcess.StartTogether(3, ["train", .. arguments]);
            process.ExitCode().Should().Be(1);
            Errors(process).Should().ContainSingle();
        }
    }

    [MpiFact]
    public void What_one_process_refuses_it_says()
    {
        // The second process looks for the images in another folder.
        string script = "cd $OMPI_COMM_WORLD_RANK && exec \"$0\" \"$@\"";
        Directory.CreateDirectory(_folder.File("0"));
        Directory.CreateDirectory(_folder.File("1"));
        TinyPictures.Write(Path.Combine(_folder.File("0"), "here"), training: 16);
        using var process = ConsoleProcess.StartTogetherIn(
            _folder.Path, 2, ["sh", "-c", script], ["train", "--dataset", "here", "--network", "resnet20", "--batch-size", "16"]);
        process.ExitCode().Should().Be(1);
        Errors(process).Should().ContainSingle().Which.Should().Contain("'here'");
    }

    [MpiFact]
    public void A_picture_that_one_process_cannot_read_ends_all_of_them_with_one_sentence()
    {
        string broken = Path.Combine(Pictures, "train", "dark", "001.bmp");
        File.WriteAllText(broken, "no picture");
        using var process = Start(2, Run, batch: 16);
        process.Ends(s_patience).Should().BeTrue(process.Output);
        process.ExitCode().Should().NotBe(0);
        process.Output.Split('\n').Should().ContainSingle(line => line.Contains("error: ", StringComparison.Ordinal))
            .Which.Should().Contain(broken);
        process.Output.Should().MatchRegex(
            @"Stopped; after [\w ]+ is mended(| or replaced), go on by: mpirun -n 2 --bind-to none resnet train --resume ");
    }

    [MpiFact]
    public void What_one_process_refuses_when_all_have_met_it_says()
    {
        string script = "[ $OMPI_COMM_WORLD_RANK = 0 ] || more='--precision half'; exec \"$0\" \"$@\" $more";
        using var process = ConsoleProcess.StartTogetherIn(
            _folder.Path, 2, ["sh", "-c", script],
            ["train", "--dataset", Pictures, "--network", "resnet20", "--batch-size", "16", "--output", Run]);
        process.ExitCode().Should().Be(1);
        Errors(process).Should().ContainSingle().Which.Should().StartWith("error: --precision is ");
    }

    [MpiFact]
    public void Pictures_that_are_skipped_are_named_by_whoever_meets_them()
    {
        string[] broken = [.. Directory.GetFiles(Pictures, "00*.bmp", SearchOption.AllDirectories)];
        foreach (string picture in broken) File.WriteAllText(picture, "no picture");
        using var process = Start(2, Run, batch: 16, "--epochs", "1", "--on-unreadable", "skip");
        process.ExitCode().Should().Be(0, process.Output);
        string[] named = [.. process.Output.Split('\n').Where(line => line.StartsWith("skipped: ", StringComparison.Ordinal))];
        named.Should().HaveSameCount(broken).And.OnlyHaveUniqueItems();
        broken.Should().OnlyContain(picture => process.Output.Contains(picture));
        process.Output.Should().Contain($"{broken.Length} images skipped that cannot be read");
    }

    [NetworkHostsTheory]
    [InlineData(2)]
    [InlineData(4)]
    public void If_a_host_is_cut_off_all_processes_end_and_the_run_goes_on_when_it_is_back(int count)
    {
        using var hosts = new NetworkHosts(count);
        int lost = count - 1;
        using (var process = ConsoleProcess.StartOn(
            hosts, "train", "--dataset", Pictures, "--network", "resnet20", "--batch-size", "16", "--epochs", "1000", "--output", Run))
        {
            process.WaitUntil(() => process.Output.Contains("Epoch 1/1000", StringComparison.Ordinal));
            NetworkHosts.CutOff(lost);
            var clock = Stopwatch.StartNew();
            var numbers = Enumerable.Range(0, count);
            while (numbers.Any(host => NetworkHosts.Programs(host) > 0) && clock.Elapsed < s_patience) Thread.Sleep(50);
            numbers.Select(NetworkHosts.Programs).Should().AllBeEquivalentTo(0, "all processes end: {0}", process.Output);
            // mpirun itself waits for the host, and passes the sentence on when it is interrupted.
            process.Signal(ConsoleProcess.Interrupt);
            process.Ends(s_patience).Should().BeTrue(process.Output);
            string sentence = $"error: Process {lost} (of 0 to {lost}) has ended or cannot be reached: go on from the last checkpoint.";
            SpinWait.SpinUntil(() => process.Output.Contains(sentence, StringComparison.Ordinal), s_patience)
                .Should().BeTrue(process.Output);
            process.Output.Should().Contain(
                $"Stopped; go on, on the same hosts, by: mpirun -n {count} --bind-to none resnet train --resume {Run}");
        }
        Directory.GetFiles(Path.Combine(Run, "checkpoints")).Should().NotBeEmpty();
        NetworkHosts.Connect(lost);
        using var resumed = ConsoleProcess.StartOn(hosts, "train", "--resume", Run);
        resumed.WaitUntil(() => resumed.Output.Contains("Resuming resnet20", StringComparison.Ordinal));
        resumed.WaitUntil(() => resumed.Output.Split("Epoch ").Length > 3);
    }

    [MpiFact]
    public void A_process_takes_its_share_of_the_cores()
    {
        // The tests run on one thread otherwise.
        using var process = ConsoleProcess.StartTogetherIn(
            _folder.Path, 1, ["env", "-u", "OMP_NUM_THREADS"],
            ["train", "--dataset", Pictures, "--network", "resnet20", "--batch-size", "16", "--steps", "1", "--output", Run]);
        process.ExitCode().Should().Be(0, process.Output);
        string threads = Environment.ProcessorCount == 1 ? "1 thread" : $"{Environment.ProcessorCount} threads";
        process.Output.Should().Contain($" on cpu, 1 process of {threads}: ");
    }

    private static IEnumerable<string> Errors(ConsoleProcess process) =>
        process.Output.Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal));

    private ConsoleProcess Start(int processes, string run, int batch, params string[] options) => ConsoleProcess.StartTogether(
        processes, ["train", "--dataset", Pictures, "--network", "resnet20", "--batch-size", $"{batch}", "--output", run, .. options]);
}
