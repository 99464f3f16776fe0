using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>A run of elements in a file, which one tensor or several are views of.</summary>
/// <param name="type">The type of the elements.</param>
/// <param name="count">How many there are.</param>
internal sealed class StoredStorage(ScalarType type, long count)
{
    internal ScalarType Type { get; } = type;

    internal long Count { get; } = count;

    /// <summary>Whether the elements' bytes come in another order than this machine's.</summary>
    internal bool IsSwapped { get; set; }

    /// <summary>Gives a stream that stands at the first byte. Set once it is known where that is.</summary>
    internal Func<Stream>? Open { get; set; }

    /// <exception cref="OverflowException">There are more elements than any file has.</exception>
    internal long Bytes => checked(Count * Type.ElementSize());

    /// <summary>The elements as a tensor of one dimension, outside of all dispose scopes.</summary>
    internal Tensor Read()
    {
        var tensor = empty([Count], Type).DetachFromDisposeScope();
        try
        {
            using var scope = NewDisposeScope();
            var stream = Open!();
            for (long done = 0; done < Count; done += TensorBytes.ChunkElements)
            {
                var bytes = tensor.narrow(0, done, Math.Min(TensorBytes.ChunkElements, Count - done)).bytes;
                stream.ReadExactly(bytes);
                if (IsSwapped) Swap(bytes, Type.ElementSize());
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
