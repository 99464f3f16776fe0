namespace ResNet.Training.Data.Folders;

public sealed partial class ImageFolder
{
    /// <summary>Decodes every image once, and finds what is broken, too small, or the same in two classes.</summary>
    /// <param name="options">What counts as too small, and on how many threads.</param>
    /// <param name="progress">Receives the number of checked images, from several threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What was found, in the order of the images.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    /// <exception cref="DllNotFoundException">libvips is not installed.</exception>
    public VerificationReport Verify(
        VerificationOptions? options = null, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Verify([this], options, progress, cancellationToken);

    /// <summary>
    /// Does the same for several folders of a data set at once: an image may be in one class of the first and another of the second.
    /// </summary>
    /// <param name="folders">The folders; classes are the same where their names are.</param>
    /// <param name="options">What counts as too small, and on how many threads.</param>
    /// <param name="progress">Receives the number of checked images, from several threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What was found, in the order of the folders and their images.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    /// <exception cref="DllNotFoundException">libvips is not installed.</exception>
    public static VerificationReport Verify(
        IReadOnlyList<ImageFolder> folders,
        VerificationOptions? options = null,
        IProgress<DatasetProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folders);
        return new ImageVerification(folders, options ?? new VerificationOptions(), progress).Run(cancellationToken);
    }
}
