using System.Globalization;
using System.Text.RegularExpressions;
using ResNet.Core;
using static TorchSharp.torch;

namespace ResNet.Training.Checkpoints;

/// <summary>
/// The checkpoints of a run: the latest ones, <c>step-0000001234.safetensors</c>, and the best one, <c>best.safetensors</c>. A new one is
/// whole before an old one is removed, so that a process that is killed at any moment leaves one to resume from.
/// </summary>
public sealed partial class CheckpointFolder
{
    private const string BestName = "best.safetensors";

    private readonly int _keep;
    private bool _isPrepared;

    /// <summary>The checkpoints in a folder, which is created with the first of them.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="keep">How many of the latest checkpoints are kept, at least 1, beside the best one.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="InvalidOptionException">Fewer than one are to be kept.</exception>
    public CheckpointFolder(string path, int keep)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        (Path, _keep) = (path, Require.AtLeast(this, keep, 1, nameof(keep)));
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The files of the latest checkpoints, newest first; the best one is not among them.</summary>
    public IReadOnlyList<string> Files => [.. Steps().OrderByDescending(file => file.Step).Select(file => file.Path)];

    /// <summary>Whether there is none, the best one included.</summary>
    public bool IsEmpty => Files.Count == 0 && !File.Exists(BestPath);

    private string BestPath => System.IO.Path.Combine(Path, BestName);

    /// <summary>Opens the newest checkpoint that is sound; the best one if none of the latest is. The caller disposes of it.</summary>
    /// <param name="damaged">Is called for each damaged checkpoint, which is passed over.</param>
    /// <returns>The checkpoint; null where there is none.</returns>
    /// <exception cref="CheckpointException">All are damaged, or one cannot be read though it may be sound.</exception>
    public Checkpoint? OpenLatest(Action<CheckpointException>? damaged = null)
    {
        var unsound = new List<CheckpointException>();
        foreach (string file in Files.Append(BestPath).Where(File.Exists))
        {
            try
            {
                return Checkpoint.Read(file);
            }
            catch (CheckpointException e) when (e.IsDamaged)
            {
                unsound.Add(e);
                damaged?.Invoke(e);
            }
        }
        return unsound switch
        {
            [] => null,
            [var one] => throw one,
            _ => throw CheckpointException.Damaged(
                Path,
                $"has no sound file in it: {string.Join(", ", unsound.Select(e => System.IO.Path.GetFileName(e.Path)))} are all damaged",
                unsound[0]),
        };
    }

    /// <summary>Opens the best checkpoint; null where there is none. The caller disposes of it.</summary>
    /// <exception cref="CheckpointException">It is damaged or cannot be read.</exception>
    public Checkpoint? OpenBest() => File.Exists(BestPath) ? Checkpoint.Read(BestPath) : null;

    /// <summary>Writes a checkpoint, then removes the old ones.</summary>
    /// <param name="step">How many steps the run has taken. Checkpoints of more steps are removed: the run went back behind them.</param>
    /// <param name="tensors">What to write; see <see cref="Checkpoint.Write"/>.</param>
    /// <param name="texts">Likewise.</param>
    /// <param name="best">Whether it is the best one so far.</param>
    /// <returns>The file.</returns>
    /// <exception cref="ArgumentException">A name cannot be had, or there are no tensors.</exception>
    /// <exception cref="IOException">The file cannot be written; those that were there are as they were.</exception>
    internal string Save(long step, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> texts, bool best)
    {
        Prepare();
        string path = System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"step-{step:D10}.safetensors"));
        if (best)
        {
            // First, so that a run that resumes from the step's file never finds an older best one. Copied, because that spares writing
            // the tensors twice, and not linked, because .NET has no hard links.
            Checkpoint.Write(BestPath, step, tensors, texts);
            using var written = File.OpenRead(BestPath);
            AtomicFile.Write(path, written.CopyTo);
        }
        else
        {
            Checkpoint.Write(path, step, tensors, texts);
        }
        var files = Steps().OrderByDescending(file => file.Step).ToList();
        var behind = files.Where(file => file.Step > step);
        var old = files.Where(file => file.Step <= step).Skip(_keep);
        foreach (var (file, _) in behind.Concat(old)) Remove(file);
        return path;
    }

    [GeneratedRegex(@"^step-(?<step>[0-9]{10,18})\.safetensors$")]
    private static partial Regex StepName { get; }

    // The name that AtomicFile gives a file until it is whole.
    [GeneratedRegex(@"^(best|step-[0-9]{10,18})\.safetensors\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex LeftoverName { get; }

    // A file that cannot be removed, as another process reads it, does no harm: the next checkpoint tries again.
    private static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    // Only once: a folder that is removed during the run is an error, and is not created again without the rest of the run.
    private void Prepare()
    {
        if (_isPrepared) return;
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The folder '{Path}' for checkpoints cannot be made: {e.Message.Split(" : ")[0].TrimEnd('.')}.", e);
        }
        // Left by a process that was killed while it wrote: they take space that may be needed now.
        var leftovers = Directory.EnumerateFiles(Path).Where(file => LeftoverName.IsMatch(System.IO.Path.GetFileName(file)));
        foreach (string file in leftovers.ToList()) Remove(file);
        _isPrepared = true;
    }

    private IEnumerable<(string Path, long Step)> Steps() =>
        from file in Directory.Exists(Path) ? Directory.EnumerateFiles(Path) : []
        let name = StepName.Match(System.IO.Path.GetFileName(file))
        where name.Success
        select (file, long.Parse(name.Groups["step"].ValueSpan, CultureInfo.InvariantCulture));
}
