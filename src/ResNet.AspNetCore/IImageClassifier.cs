using ResNet.Imaging;

namespace ResNet.AspNetCore;

/// <summary>Says what pictures show. <c>AddResNetClassifier</c> registers one that computes requests in batches.</summary>
public interface IImageClassifier
{
    /// <summary>Classifies a picture in the form of a file.</summary>
    /// <param name="picture">The bytes of an image file, which have to stay the same until the task ends.</param>
    /// <param name="options">What to answer; null for the defaults.</param>
    /// <param name="cancellationToken">Gives the place in the queue up.</param>
    /// <returns>The likeliest classes, likeliest first.</returns>
    /// <exception cref="ClassificationException">The queue is full, the time is over, or the service stops.</exception>
    /// <exception cref="ImageDecodingException">The picture cannot be read, or is too large.</exception>
    /// <exception cref="TransformException">The picture cannot be processed.</exception>
    /// <exception cref="InvalidOptionException">An option names a class that the network does not know.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<Classification> ClassifyAsync(
        ReadOnlyMemory<byte> picture, ClassificationOptions? options = null, CancellationToken cancellationToken = default);
}
