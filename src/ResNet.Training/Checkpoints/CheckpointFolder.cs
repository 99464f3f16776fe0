using System.Globalization;
using System.Text.RegularExpressions;
using ResNet.Core;
using static TorchSharp.torch;

namespace ResNet.Training.Checkpoints;

/// <summary>
/// The checkpoints of a run: the latest ones, <c>step-0000001234.safetensors</c>, and the best one, <c>best.safetensors</c>. An old
/// checkpoint is removed only after a new one is complete, so a killed process always leaves a checkpoint to resume from.
/// </summary>
public sealed partial class CheckpointFolder
{
    private const string BestName = "best.safetensors";

    private readonly int _keep;
    private bool _isPrepared;

    /// <summary>Opens a folder of checkpoints. The first checkpoint creates the folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="keep">The number of latest checkpoints to keep in addition to the best one, at least 1.</param>
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

    /// <summary>Whether the folder has no checkpoints, neither latest ones nor the best one.</summary>
    public bool IsEmpty => Files.Count == 0 && !File.Exists(BestPath);

    private string BestPath => System.IO.Path.Combine(Path, BestName);

    /// <summary>Opens the newest intact checkpoint, or the best one if all latest ones are damaged. The caller disposes it.</summary>
    /// <param name="damaged">Receives an error for each damaged checkpoint that is skipped.</param>
    /// <returns>The checkpoint; null if there is none.</returns>
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

    /// <summary>Opens the best checkpoint; null if there is none. The caller disposes it.</summary>
    /// <exception cref="CheckpointException">It is damaged or cannot be read.</exception>
    public Checkpoint? OpenBest() => File.Exists(BestPath) ? Checkpoint.Read(BestPath) : null;

    /// <summary>Writes a checkpoint, then removes the old ones.</summary>
    /// <param name="step">The number of steps of the run so far. Checkpoints of later steps are removed.</param>
    /// <param name="tensors">The tensors; see <see cref="Checkpoint.Write"/>.</param>
    /// <param name="texts">The texts; see <see cref="Checkpoint.Write"/>.</param>
    /// <param name="best">Whether this is the best checkpoint so far.</param>
    /// <returns>The file.</returns>
    /// <exception cref="ArgumentException">A name cannot be had, or there are no tensors.</exception>
    /// <exception cref="IOException">The file cannot be written; those that were there are as they were.</exception>
    internal string Save(long step, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> texts, bool best)
    {
        Prepare();
        string path = System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"step-{step:D10}.safetensors"));
        if (best)
        {
            // The best file comes first, so that a run that resumes from the step's file never finds an older best one. The step's file
            // is a copy, because .NET has no hard links and writing the tensors twice takes longer.
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

    // AtomicFile's temporary names of incomplete files.
    [GeneratedRegex(@"^(best|step-[0-9]{10,18})\.safetensors\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex LeftoverName { get; }

    // If a file cannot be removed because another process reads it, the next checkpoint tries again.
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

    // Only once: if the folder is removed during the run, that is an error; a new folder would lack the rest of the run.
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
        // Files of a process that was killed while it wrote them: their space may be needed now.
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
