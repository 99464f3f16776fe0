namespace ResNet.Training.Data.Known;

/// <summary>
/// Data sets that are published as an archive of an image folder: a folder with their name, which has <c>train/</c> and <c>val/</c>.
/// </summary>
internal static class ImageArchive
{
    /// <summary>Downloads and unpacks the data set's only file.</summary>
    /// <exception cref="DatasetException">The archive is damaged, refused, or has another layout.</exception>
    internal static async Task FillAsync(DatasetWorkplace work)
    {
        var archive = await work.DownloadAsync(work.Dataset.Files[0]).ConfigureAwait(false);
        Directory.CreateDirectory(work.Scratch);
        var tar = new TarArchive(archive, work.Scratch);
        await Task.Run(() => tar.Unpack(work.Progress, work.CancellationToken), work.CancellationToken).ConfigureAwait(false);

        var images = Path.Join(work.Scratch, work.Dataset.Name);
        foreach (var split in new[] { "train", work.Dataset.EvaluationFolder })
        {
            foreach (var (folder, _) in work.Dataset.Classes)
            {
                if (!Directory.Exists(Path.Join(images, split, folder)))
                {
                    throw new DatasetException(
                        $"The archive '{archive}' has no folder {work.Dataset.Name}/{split}/{folder}: it is not {work.Dataset.Title}.");
                }
            }
        }
        Directory.Delete(work.Folder);
        Directory.Move(images, work.Folder);
    }
}
