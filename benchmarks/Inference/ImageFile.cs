using System.Runtime.InteropServices;

namespace Benchmarks.Inference;

/// <summary>A file with the values of a batch <c>[N, 3, size, size]</c> in single precision, without a header.</summary>
internal static class ImageFile
{
    public static void Write(string path, float[] values) => File.WriteAllBytes(path, MemoryMarshal.AsBytes<float>(values));

    /// <returns>The values and the shape.</returns>
    public static (float[] Values, long[] Shape) Read(string path, int batch)
    {
        float[] values = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
        long size = (long)Math.Sqrt(values.Length / (3.0 * batch));
        return (values, [batch, 3, size, size]);
    }
}
