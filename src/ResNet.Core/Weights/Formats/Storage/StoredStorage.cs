using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>A sequence of elements in a file; one or more tensors are views of it.</summary>
/// <param name="type">The type of the elements.</param>
/// <param name="count">The number of elements.</param>
internal sealed class StoredStorage(ScalarType type, long count)
{
    internal ScalarType Type { get; } = type;

    internal long Count { get; } = count;

    /// <summary>Whether the elements' byte order differs from this machine's.</summary>
    internal bool IsSwapped { get; set; }

    /// <summary>The storage of bytes that these elements lie in, and that has their place in the file; null for others.</summary>
    internal StoredStorage? Source { get; init; }

    /// <summary>Returns a stream positioned at the first byte. Set when that position is known.</summary>
    internal Func<Stream>? Open { get; set; }

    /// <exception cref="OverflowException">There are more elements than any file has.</exception>
    internal long Bytes => checked(Count * Type.ElementSize());

    /// <summary>Returns the elements as a tensor of one dimension, outside of all dispose scopes.</summary>
    internal Tensor Read()
    {
        var tensor = empty([Count], Type).DetachFromDisposeScope();
        try
        {
            using var scope = NewDisposeScope();
            var place = Source ?? this;
            var stream = place.Open!();
            for (long done = 0; done < Count; done += TensorBytes.ChunkElements)
            {
                var bytes = tensor.narrow(0, done, Math.Min(TensorBytes.ChunkElements, Count - done)).bytes;
                stream.ReadExactly(bytes);
                if (place.IsSwapped) Swap(bytes, Type.ElementSize());
            }
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private static void Swap(Span<byte> bytes, int size)
    {
        for (int i = 0; size > 1 && i < bytes.Length; i += size) bytes.Slice(i, size).Reverse();
    }
}
