using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>The elements of tensors as files have them.</summary>
internal static class TensorBytes
{
    /// <summary>How many elements are read or written at once: a tensor hands out its bytes as a span, which has an end.</summary>
    internal const long ChunkElements = 1 << 26;

    private static readonly ScalarType[] s_supported =
    [
        ScalarType.Byte, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64, ScalarType.Bool,
        ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64,
    ];

    /// <summary>Whether files of weights have tensors of this type: complex ones are left out.</summary>
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
