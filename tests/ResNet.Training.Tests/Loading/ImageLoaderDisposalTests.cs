using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Loading;

public sealed class ImageLoaderDisposalTests : IDisposable
{
    private const int Times = 200;
    private const long MostGrowth = 24 << 20;

    // A batch has 2 MB.
    private static readonly Compose s_transforms = Presets.Training(160);
    private static readonly ImageLoaderOptions s_options = new() { BatchSize = 16, Workers = 8, Seed = 9 };

    private readonly LoaderPictures _pictures = new(96);

    public void Dispose() => _pictures.Dispose();

    [Fact]
    public void Epochs_that_are_left_in_the_middle_leave_no_thread_no_tensor_and_no_memory_behind()
    {
        long tensors = LiveTensors.Count(), memory = 0;
        for (var i = 0; i < Times; i++)
        {
            if (i == Times / 4) memory = ResidentMemory.Bytes();
            foreach (var batch in _pictures.Loader(s_options, s_transforms).Epoch(i))
                if (batch.Index == i % 4) break;
            ShouldHaveNoThread();
        }
        Tensor.TotalCount.Should().Be(tensors);
        (ResidentMemory.Bytes() - memory).Should().BeLessThan(MostGrowth);
    }

    [LinuxFact]
    public void Decoders_are_counted_while_there_are_some()
    {
        foreach (var batch in _pictures.Loader(s_options with { Ahead = 1 }, s_transforms).Epoch(0))
        {
            Decoders().Should().BePositive();
            break;
        }
        ShouldHaveNoThread();
    }

    [Fact]
    public void An_exception_of_the_consumer_ends_the_workers()
    {
        var tensors = LiveTensors.Count();
        for (var i = 0; i < 10; i++)
        {
            var epoch = () =>
            {
                foreach (var batch in _pictures.Loader(s_options, s_transforms).Epoch(0))
                    throw new InvalidOperationException($"batch {batch.Index}");
            };
            epoch.Should().Throw<InvalidOperationException>().WithMessage("batch 0");
            ShouldHaveNoThread();
        }
        Tensor.TotalCount.Should().Be(tensors);
    }

    [Fact]
    public void An_image_that_cannot_be_read_ends_the_workers()
    {
        _pictures.Spoil(40);
        var tensors = LiveTensors.Count();
        var epoch = () => LoaderPictures.Epoch(_pictures.Loader(s_options, s_transforms));
        epoch.Should().Throw<Imaging.ImageDecodingException>();
        ShouldHaveNoThread();
        Tensor.TotalCount.Should().Be(tensors);
    }

    [Fact]
    public void Cancelling_ends_workers_that_wait_for_memory_and_a_consumer_that_waits_for_a_batch()
    {
        var tensors = LiveTensors.Count();
        for (var i = 0; i < 20; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var epoch = () =>
            {
                foreach (var batch in _pictures.Loader(s_options with { Ahead = 1 }, s_transforms).Epoch(0, cancellation.Token))
                {
                    // In some rounds the workers have finished their batches by then, in others the consumer waits for them.
                    if (batch.Index == 1 && i % 2 == 0) Thread.Sleep(20);
                    if (batch.Index == 1) cancellation.CancelAfter(TimeSpan.FromMilliseconds(i % 3));
                    if (batch.Index == 3) cancellation.Cancel();
                }
            };
            epoch.Should().Throw<OperationCanceledException>();
            ShouldHaveNoThread();
        }
        Tensor.TotalCount.Should().Be(tensors);
    }

    // The system removes a thread shortly after it has ended for .NET. Only Linux lists the names of threads: on other systems, these
    // tests only show that nothing hangs and that tensors and memory are freed.
    private static void ShouldHaveNoThread()
    {
        if (OperatingSystem.IsLinux())
            SpinWait.SpinUntil(() => Decoders() == 0, TimeSpan.FromSeconds(10)).Should().BeTrue("the threads should end with the epoch");
    }

    // Counts the threads of this test's loaders: Linux has their .NET names, cut to 15 letters.
    private static int Decoders() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("image decoder", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    });

    private sealed class LinuxFactAttribute : FactAttribute
    {
        public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Only Linux tells the names of threads.";
    }
}
