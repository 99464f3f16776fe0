using System.Collections.Concurrent;
using ResNet.Inference;
using ResNet.Inference.Files;

namespace ResNet.AspNetCore.Models;

/// <summary>A network in service. It is disposed when the last picture that it began is answered.</summary>
internal sealed class ServedModel
{
    private const int ChecksumCharacters = 8;

    private readonly ConcurrentBag<byte[]> _idle = [];

    // The service itself has one, and each picture.
    private int _users = 1;

    internal ServedModel(ImageClassifier classifier, string name)
    {
        Classifier = classifier;
        var (height, width) = classifier.Transforms.Size;
        PixelBytes = height * width * classifier.Model.Channels;
        string checksum = classifier.Model.File.Metadata.GetValueOrDefault(InferenceFile.ChecksumKey, "");
        Name = $"{name}@{checksum[..Math.Min(ChecksumCharacters, checksum.Length)]}";
    }

    internal ImageClassifier Classifier { get; }

    /// <summary>Its name, an @ and the first characters of its checksum.</summary>
    internal string Name { get; }

    /// <summary>The bytes of a picture that fits the network.</summary>
    internal int PixelBytes { get; }

    /// <summary>Keeps the network in service; false if it was disposed already.</summary>
    internal bool TryAcquire()
    {
        for (int users = Volatile.Read(ref _users); users > 0;)
        {
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users) return true;
            users = seen;
        }
        return false;
    }

    /// <summary>Gives the network up.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0) Classifier.Dispose();
    }

    /// <summary>Memory for the pixels of a picture.</summary>
    internal byte[] RentPixels() => _idle.TryTake(out byte[]? pixels) ? pixels : GC.AllocateUninitializedArray<byte>(PixelBytes);

    internal void ReturnPixels(byte[] pixels) => _idle.Add(pixels);
}
