using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>Runs on several hosts, of which one is cut off.</summary>
[Collection(InterruptedRuns.Name)]
public sealed class MpiHostsTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public MpiHostsTests() => TinyPictures.Write(Pictures, training: 480);

    private string Pictures => _folder.File("pictures");

    private string Run => _folder.File("run");

    public void Dispose() => _folder.Dispose();

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
            var clock = System.Diagnostics.Stopwatch.StartNew();
            var numbers = Enumerable.Range(0, count);
            while (numbers.Any(host => NetworkHosts.Programs(host) > 0) && clock.Elapsed < s_patience) Thread.Sleep(50);
            numbers.Select(NetworkHosts.Programs).Should().AllBeEquivalentTo(0, "all processes end: {0}", process.Output);
            // mpirun itself waits for the host, and passes the sentence on when it is interrupted.
            process.Signal(ConsoleProcess.Interrupt);
            process.Ends(s_patience).Should().BeTrue(process.Output);
            string sentence = $"error: Process {lost} (of 0 to {lost}) has ended or cannot be reached: go on from the last checkpoint.";
            SpinWait.SpinUntil(() => process.Output.Contains(sentence, StringComparison.Ordinal), s_patience)
                .Should().BeTrue(process.Output);
        }
        Directory.GetFiles(Path.Combine(Run, "checkpoints")).Should().NotBeEmpty();
        NetworkHosts.Connect(lost);
        using var resumed = ConsoleProcess.StartOn(hosts, "train", "--resume", Run);
        resumed.WaitUntil(() => resumed.Output.Contains("Resuming resnet20", StringComparison.Ordinal));
        resumed.WaitUntil(() => resumed.Output.Split("Epoch ").Length > 3);
    }
}
