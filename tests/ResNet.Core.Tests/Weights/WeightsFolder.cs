using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;

namespace ResNet.Core.Tests.Weights;

/// <summary>A folder with a file that is written and read again and again.</summary>
internal sealed class WeightsFolder : IDisposable
{
    /// <summary>How long a load may take: it takes milliseconds, longer on a machine that is busy, and forever where it hangs.</summary>
    internal static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    internal string Path { get; } = Directory.CreateTempSubdirectory("hostile").FullName;

    internal string FilePath => System.IO.Path.Combine(Path, "weights");

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>The message with which a file of these bytes is refused.</summary>
    internal string Refusal(byte[] content) => Outcome(content) ?? throw new InvalidOperationException("The file was loaded.");

    /// <summary>The message with which a file of these bytes is refused; null if it is loaded.</summary>
    internal string? Outcome(byte[] content)
    {
        File.WriteAllBytes(FilePath, content);
        return Outcome(FilePath);
    }

    /// <summary>The message with which a file is refused; null if it is loaded.</summary>
    internal static string? Outcome(string path) => Within(() =>
    {
        try
        {
            using var file = WeightsFile.Load(path);
            return null;
        }
        catch (WeightsFileException e)
        {
            e.Path.Should().Be(path);
            e.Message.Should().StartWith($"The weights file '{path}' ");
            return e.Message;
        }
    });

    /// <summary>What <paramref name="load"/> gives, unless it hangs.</summary>
    internal static T Within<T>(Func<T> load)
    {
        var task = Task.Factory.StartNew(load, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // An exception is thrown as it is below, not as one of several.
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne(Patience).Should().BeTrue("loading should end");
        return task.GetAwaiter().GetResult();
    }
}
