namespace ResNet.Training.Data.Transforms;

/// <summary>A transform cannot do its work on this image; the loader says which image it is.</summary>
/// <param name="reason">What follows the image's path in the message.</param>
internal sealed class TransformException(string reason) : Exception(reason);
