using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;

namespace ResNet.Core.Tests.Weights;

/// <summary>A folder with a file that tests write and read repeatedly.</summary>
internal sealed class WeightsFolder : IDisposable
{
    /// <summary>The time limit of a load, which takes milliseconds on an idle machine.</summary>
    internal static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    internal string Path { get; } = Directory.CreateTempSubdirectory("hostile").FullName;

    internal string FilePath => System.IO.Path.Combine(Path, "weights");

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Returns the error message for a file of these bytes.</summary>
    internal string Refusal(byte[] content) => Outcome(content) ?? throw new InvalidOperationException("The file was loaded.");

    /// <summary>Returns the error message for a file of these bytes; null if it is loaded.</summary>
    internal string? Outcome(byte[] content)
    {
        File.WriteAllBytes(FilePath, content);
        return Outcome(FilePath);
    }

    /// <summary>Returns the error message for a file; null if it is loaded.</summary>
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

    /// <summary>Returns the result of <paramref name="load"/>; fails if it hangs.</summary>
    internal static T Within<T>(Func<T> load)
    {
        var task = Task.Factory.StartNew(load, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // GetResult rethrows the exception itself, not an AggregateException.
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne(Patience).Should().BeTrue("loading should end");
        return task.GetAwaiter().GetResult();
    }
}
