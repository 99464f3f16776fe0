using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>The elements of tensors in the layout of files.</summary>
internal static class TensorBytes
{
    /// <summary>The number of elements to read or write at once: a tensor's bytes are a span, which has a limited length.</summary>
    internal const long ChunkElements = 1 << 26;

    private static readonly ScalarType[] s_supported =
    [
        ScalarType.Byte, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64, ScalarType.Bool,
        ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64,
    ];

    /// <summary>Returns whether files of weights support tensors of this type: complex types are not supported.</summary>
    internal static bool IsSupported(ScalarType type) => s_supported.Contains(type);

    /// <summary>Writes a tensor of any device and strides row-major, little-endian.</summary>
    internal static void Write(Stream stream, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.detach().cpu().contiguous().view(-1);
        for (long done = 0; done < flat.numel(); done += ChunkElements)
            stream.Write(flat.narrow(0, done, Math.Min(ChunkElements, flat.numel() - done)).bytes);
    }
}
