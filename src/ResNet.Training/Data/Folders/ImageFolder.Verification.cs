namespace ResNet.Training.Data.Folders;

public sealed partial class ImageFolder
{
    /// <summary>Decodes every image once, and finds images that are broken, too small, or the same in two classes.</summary>
    /// <param name="options">The minimum size and the number of threads.</param>
    /// <param name="progress">Receives the number of checked images, from several threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The findings, in the order of the images.</returns>
    /// <exception cref="OperationCanceledException">The check was stopped.</exception>
    /// <exception cref="DllNotFoundException">libvips is not installed.</exception>
    public VerificationReport Verify(
        VerificationOptions? options = null, IProgress<DatasetProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Verify([this], options, progress, cancellationToken);

    /// <summary>
    /// Checks several folders of a data set together: an image may be in one class of the first folder and in another of the second.
    /// </summary>
    /// <param name="folders">The folders; classes with the same name are the same.</param>
    /// <param name="options">The minimum size and the number of threads.</param>
    /// <param name="progress">Receives the number of checked images, from several threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The findings, in the order of the folders and their images.</returns>
    /// <exception cref="OperationCanceledException">The check was stopped.</exception>
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
