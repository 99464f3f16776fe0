using System.Globalization;

namespace ResNet.Training.Data.Known;

/// <summary>Writes the small pictures of a data set that is published as arrays, each as a PNG file in the folder of its class.</summary>
/// <param name="work">The working folder of the data set.</param>
/// <param name="total">The number of pictures.</param>
internal sealed class LabelledPictures(DatasetWorkplace work, int total)
{
    private const int ReportEvery = 500;

    private readonly string _step = $"Unpacking {work.Dataset.Title}";
    private int _done;

    /// <summary>Writes some pictures as <c>SPLIT/CLASS/NNNNN.png</c>, on all cores.</summary>
    /// <param name="split">The folder: <c>train</c> or <c>test</c>.</param>
    /// <param name="labels">The class of each picture.</param>
    /// <param name="firstNumber">The number of the first picture.</param>
    /// <param name="encode">Makes the PNG file of a picture, given its index among the labels.</param>
    /// <exception cref="DatasetException">A label has no class.</exception>
    internal async Task WriteAsync(string split, ReadOnlyMemory<byte> labels, int firstNumber, Func<int, byte[]> encode)
    {
        var classes = work.Dataset.Classes;
        var highest = (byte)(classes.Count - 1);
        if (labels.Span.ContainsAnyExceptInRange((byte)0, highest))
            throw new DatasetException($"The labels of {work.Dataset.Title} for {split}/ are damaged: they go beyond {highest}.");

        var folders = classes.Select(row => Directory.CreateDirectory(Path.Join(work.Folder, split, row.Folder)).FullName).ToArray();
        await Parallel.ForAsync(0, labels.Length, work.CancellationToken, (i, _) =>
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{firstNumber + i:D5}.png");
            // A new file instead of a truncated one: file systems flush a truncated file to disk when it is closed.
            using var file = File.OpenHandle(Path.Join(folders[labels.Span[i]], name), FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(file, encode(i), fileOffset: 0);
            Count();
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
    }

    private void Count()
    {
        var now = Interlocked.Increment(ref _done);
        if (now % ReportEvery == 0 || now == total)
            work.Progress?.Report(new DatasetProgress(_step, now, total));
    }
}
